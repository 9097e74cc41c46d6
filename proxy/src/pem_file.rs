//! Certificates and keys from PEM files. What is wrong with one is said in words of our own: the
//! parser's quote the file, which may hold a private key.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The certificates of a file, of which there is at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let all = all.map_err(in_words)?;
    if all.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(all) }
}

/// The certificates of a file as those to trust.
pub(crate) fn roots(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}

/// The first private key of a file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| match error {
        pem::Error::NoItemsFound => "it holds no private key".to_owned(),
        error => in_words(error),
    })
}

fn in_words(error: pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        _ => "it is no valid PEM".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a file with this content; nothing of a good one.
    fn said(name: &str, content: &str) -> String {
        let path = std::env::temp_dir().join(format!("weir-{}-{name}.pem", std::process::id()));
        std::fs::write(&path, content).unwrap();
        let read = roots(&path);
        std::fs::remove_file(&path).unwrap();
        read.err().unwrap_or_default()
    }

    #[test]
    fn only_certificates_will_do() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let one = made.cert.pem();
        assert_eq!(said("one", &one), "");
        assert_eq!(said("two", &format!("# ours\n{one}\n{one}")), "");
        for (name, content) in
            [("empty", ""), ("text", "no PEM"), ("key", &made.signing_key.serialize_pem())]
        {
            assert_eq!(said(name, content), "it holds no certificate");
        }
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(said("broken", broken).starts_with("invalid"));
        assert_eq!(said("half", "-----BEGIN CERTIFICATE----\nsecret"), "it is no valid PEM");
        let gone = roots(Path::new("not-there.pem")).unwrap_err();
        assert_eq!(gone, "No such file or directory (os error 2)");
    }

    #[test]
    fn a_key_is_never_quoted() {
        let path =
            std::env::temp_dir().join(format!("weir-{}-private-key.pem", std::process::id()));
        for content in
            ["-----BEGIN PRIVATE KEY----\nwormwood", "-----BEGIN PRIVATE KEY-----\nworm~"]
        {
            std::fs::write(&path, content).unwrap();
            assert_eq!(private_key(&path).unwrap_err(), "it is no valid PEM");
        }
        std::fs::write(&path, "wormwood").unwrap();
        assert_eq!(private_key(&path).unwrap_err(), "it holds no private key");
        std::fs::remove_file(&path).unwrap();
    }
}
