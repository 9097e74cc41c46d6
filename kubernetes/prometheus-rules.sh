#!/usr/bin/env bash
# The rules as objects of the Prometheus operator, one for each file: kubernetes/prometheus-rules.sh | kubectl apply -f -
#
#   NAMESPACE  where they are to be (monitoring)
#   RELEASE    the label release, by which kube-prometheus-stack selects rules (kube-prometheus-stack)
set -euo pipefail

cd "$(dirname "$0")/.."

for file in config/prometheus/rules/*.yml kubernetes/rules/kubernetes.yml; do
  name=$(basename "$file" .yml)
  cat <<HEAD
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: weir-$name
  namespace: ${NAMESPACE:-monitoring}
  labels:
    app.kubernetes.io/part-of: weir
    release: ${RELEASE:-kube-prometheus-stack}
spec:
HEAD
  # A file of rules is just what stands under spec.
  sed 's/^\(.\)/  \1/' "$file"
done
