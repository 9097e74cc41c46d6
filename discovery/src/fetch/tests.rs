use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::*;

async fn refused(url: String) -> (bool, String) {
    let _already = rustls::crypto::ring::default_provider().install_default();
    let reach = Reach::open(url.parse().unwrap(), Duration::from_secs(5), 1024);
    let error = Server::new(reach).unwrap().get("/version").await.unwrap_err();
    match error {
        FetchError::Http { refused, reason, .. } => (refused, reason),
        other => panic!("{other}"),
    }
}

/// One is an engine that loads; the other will never answer, and somebody has to be told.
#[tokio::test]
async fn nobody_and_somebody_whose_tls_is_no_good_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let (is_refused, reason) = refused(format!("https://{address}")).await;
    assert!(!is_refused, "{reason}");
    let dead = weir_sim::DeadPort::new().unwrap();
    assert!(refused(format!("http://{}", dead.addr())).await.0);
    assert!(refused("http://nobody.invalid:8000".to_owned()).await.0);
}

#[test]
fn a_file_without_a_certificate_is_said_to_be_one() {
    let _already = rustls::crypto::ring::default_provider().install_default();
    let reach = Reach {
        tls_ca_file: Some("/dev/null".into()),
        ..Reach::open("https://127.0.0.1:1".parse().unwrap(), Duration::from_secs(5), 1024)
    };
    let error = Server::new(reach).unwrap_err().to_string();
    assert_eq!(error, "setting up TLS: /dev/null holds no certificate");
}
