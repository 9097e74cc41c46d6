//! In how many pieces a request reaches the upstream.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::rig::{Api, ProxyGuard, ask, config, engine, route};

/// Each would be a packet of its own, for which the upstream wakes up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_and_body_come_at_once() {
    const REQUESTS: usize = 20;
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", upstream.local_addr().unwrap());
    let proxy = ProxyGuard::start(&config([engine([route("default", &url)])]));
    let request = Api::Chat.request(false);
    let body = request.body_bytes().to_vec();
    let reading = tokio::spawn(async move {
        let (mut connection, _) = upstream.accept().await.unwrap();
        let mut buffer = vec![0; 64 << 10];
        for number in 0..REQUESTS {
            let read = connection.read(&mut buffer).await.unwrap();
            let is_whole = buffer[..read].ends_with(&body);
            assert!(is_whole, "of request {number} only {read} bytes had come");
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            connection.write_all(answer).await.unwrap();
        }
    });
    for _ in 0..REQUESTS {
        assert_eq!(ask(proxy.engine(), &request).await.status, 200);
        proxy.settled().await;
    }
    reading.await.unwrap();
}
