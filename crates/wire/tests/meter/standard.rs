//! A plain writing-down of the HTML Standard's rules on event streams: the second reading that the
//! decoder is judged by, here and in `fuzz/`.

/// An event: its name and its data.
pub(crate) type Event = (Vec<u8>, Vec<u8>);

/// The standard's algorithm, line by line, over the whole stream. A last event without a blank line
/// behind it is taken too, as the decoder does.
pub(crate) fn by_the_standard(stream: &[u8]) -> Vec<Event> {
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let mut events = Vec::new();
    let mut name = Vec::new();
    let mut data: Option<Vec<u8>> = None;
    for line in lines(stream) {
        if line.is_empty() {
            events.extend(data.take().map(|data| (std::mem::take(&mut name), data)));
            name.clear();
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = colon.map_or((line, &b""[..]), |at| (&line[..at], &line[at + 1..]));
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => name = value.to_vec(),
            b"data" => match &mut data {
                Some(data) => data.extend([b"\n", value].concat()),
                None => data = Some(value.to_vec()),
            },
            _ => {}
        }
    }
    events.extend(data.map(|data| (name, data)));
    events
}

fn lines(stream: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = stream;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
        lines.push(&rest[..at]);
        let is_pair = rest[at..].starts_with(b"\r\n");
        rest = &rest[at + if is_pair { 2 } else { 1 }..];
    }
    lines.push(rest);
    lines
}
