use std::net::TcpListener;

use super::*;

/// Answers one question with these bytes.
fn answering(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = [0; 1024];
        let length = stream.read(&mut question).unwrap();
        assert!(question[..length].starts_with(b"GET /"), "{question:?}");
        stream.write_all(answer).unwrap();
    });
    address
}

fn told(address: SocketAddr, probe: Probe) -> String {
    match ask(address, probe) {
        Ok(told) => told,
        Err(error) => error.to_string(),
    }
    .replace(&address.to_string(), "THERE")
}

#[test]
fn a_good_answer_is_one_of_200() {
    for (answer, expected) in [
        (&b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..], "http://THERE/health: 200"),
        (b"HTTP/1.0 200\r\n\r\n{}", "http://THERE/health: 200"),
        (
            b"HTTP/1.1 401 Unauthorized\r\n\r\n{}",
            "http://THERE/health: 401, and no reason is given",
        ),
        (
            b"HTTP/1.1 503 x\r\n\r\n{\"status\":\"not ready\",\"reason\":\"no\\nroute\"}",
            "http://THERE/health: 503, no route",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "http://THERE/health: the answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\n", "http://THERE/health: the answer is no HTTP"),
        (b"HTTP/1.1 2\xff\r\n\r\n", "http://THERE/health: the answer is no HTTP"),
        (b"", "http://THERE/health: the answer is no HTTP"),
    ] {
        assert_eq!(told(answering(answer), Probe::Health), expected);
    }
    let ready = answering(b"HTTP/1.1 200 OK\r\n\r\n");
    assert_eq!(told(ready, Probe::Ready), "http://THERE/ready: 200");
}

#[test]
fn who_listens_everywhere_is_asked_here() {
    for (configured, asked) in [
        ("0.0.0.0:9900", "127.0.0.1:9900"),
        ("[::]:9900", "[::1]:9900"),
        ("10.0.0.7:9900", "10.0.0.7:9900"),
    ] {
        assert_eq!(reachable(configured.parse().unwrap()).to_string(), asked);
    }
}

#[test]
fn nobody_there_is_said_at_once() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let refused = "http://THERE/health: Connection refused (os error 111)";
    assert_eq!(told(free, Probe::Health), refused);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    assert!(matches!(ask(any, Probe::Health), Err(Unhealthy::AnyPort)));
}

#[test]
fn who_says_nothing_is_not_waited_for() {
    // The kernel takes the connection; nobody ever reads from it.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let begun = Instant::now();
    assert_eq!(told(address, Probe::Health), "http://THERE/health: no answer within 2 s");
    assert!(begun.elapsed() >= PATIENCE);
}

#[test]
fn who_never_ends_is_not_waited_for() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // Until the other side is gone.
        while stream.write_all(b"x").is_ok() {
            std::thread::yield_now();
        }
    });
    let told = told(address, Probe::Health);
    assert_eq!(told, "http://THERE/health: the answer is no HTTP", "it is cut at {LARGEST} bytes");
}

#[test]
fn who_dawdles_is_not_waited_for() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // A read of nothing takes so long.
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        while stream.write_all(b"x").is_ok() {
            let _nothing = stream.read(&mut [0; 1024]);
        }
    });
    assert_eq!(told(address, Probe::Health), "http://THERE/health: no answer within 2 s");
}
