//! Everything that is sent, and how.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::stem::secret;
use super::{broken, sent, upstream};
use crate::talk;

/// What the simulator answers with; `§` stands for the secret of the case.
const PLANS: [&str; 9] = [
    "tokens=4,text=§",
    "tokens=4,text=§,tool=true",
    "tokens=4,text=§,reasoning=2",
    "tokens=4,text=§,coding=gzip",
    "tokens=4,text=§,fault=status:400",
    "tokens=4,text=§,fault=context_length",
    "tokens=4,text=§,fault=in_band_error:1",
    "tokens=4,text=§,fault=reset_mid_event:1",
    "tokens=4,text=§,fault=end_without_finish:1",
];

/// Sends a request and reads its answer to the end.
pub(super) fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = talk::send(address, request);
    let mut answer = Vec::new();
    // What comes before an upstream's reset is enough.
    let _reset = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends what may be no request; reads what comes, but does not wait for a proxy that waits for more.
pub(super) fn poke(address: SocketAddr, bytes: &[u8], half_close: bool) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    // It may answer before it has read everything, and close.
    let _early = stream.write_all(bytes);
    if half_close {
        let _gone = stream.shutdown(Shutdown::Write);
    }
    let _silent = stream.read_to_end(&mut Vec::new());
}

/// Sends everything that there is to send, all of it with secrets.
pub(super) fn send_all(address: SocketAddr) {
    for api in sent::apis() {
        for (number, plan) in PLANS.iter().enumerate() {
            for stream in [true, false] {
                let case = format!("{}-{number}-{stream}", api.name);
                let plan = plan.replace('§', &secret(&format!("{case}.answer")));
                ask(address, &api.request("sim", &case, stream, &x_sim(&plan)));
            }
        }
        for route in ["dead", "tls", "locked", &secret("route")] {
            let case = format!("{}-{route}", api.name);
            ask(address, &api.request(route, &case, true, ""));
        }
        for answer in upstream::ANSWERS {
            let case = format!("{}-{answer}", api.name);
            let more = format!("x-answer: {answer}\r\n");
            ask(address, &api.request("raw", &case, true, &more));
        }
    }
    for (number, plan) in PLANS.iter().enumerate() {
        let case = format!("transcription-{number}");
        let plan = x_sim(&plan.replace('§', &secret(&format!("{case}.answer"))));
        ask(address, &sent::transcription(&case, &plan));
    }
    // A key in place of the model: it earns no label, for it is answered with 404.
    for path in ["/sim/v1/chat/completions", "/v1/chat/completions", "/v1/messages"] {
        let body = format!("{{\"model\":\"sk-{}\",\"messages\":[]}}", secret("model"));
        let request = sent::post(path, "model", "", "application/json", &body);
        assert!(ask(address, &request).starts_with("HTTP/1.1 404 "), "{path}");
    }
    poke(address, &sent::session("session"), true);
    for bytes in broken::all() {
        poke(address, &bytes, false);
        poke(address, &bytes, true);
    }
}

fn x_sim(plan: &str) -> String {
    format!("x-sim: {plan}\r\n")
}

/// A client that leaves in the middle of its answer.
pub(super) fn leave_midway(address: SocketAddr) {
    let plan = x_sim(&format!("text={},fault=stall:3", secret("left.answer")));
    let request = sent::apis()[0].request("sim", "left", true, &plan);
    let mut stream = talk::send(address, &request);
    talk::until(&mut stream, "wormwood-left.answer");
}
