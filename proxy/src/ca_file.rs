//! The certificates to trust: looked at before anything starts, since Pingora panics on a file that
//! it can't use.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// What is wrong with the file, if anything is.
pub(crate) fn check(path: &Path) -> Result<(), String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        store.add(certificate).map_err(|error| error.to_string())?;
    }
    if store.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a file with this content; nothing of a good one.
    fn said(name: &str, content: &str) -> String {
        let path = std::env::temp_dir().join(format!("weir-{}-{name}.pem", std::process::id()));
        std::fs::write(&path, content).unwrap();
        let checked = check(&path);
        std::fs::remove_file(&path).unwrap();
        checked.err().unwrap_or_default()
    }

    #[test]
    fn only_certificates_will_do() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let one = made.cert.pem();
        assert_eq!(said("one", &one), "");
        assert_eq!(said("two", &format!("# ours\n{one}\n{one}")), "");
        for (name, content) in [("empty", ""), ("text", "no PEM")] {
            assert_eq!(said(name, content), "it holds no certificate");
        }
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(said("broken", broken).starts_with("invalid"));
        let gone = check(Path::new("not-there.pem")).unwrap_err();
        assert_eq!(gone, "No such file or directory (os error 2)");
    }
}
