//! The ids by which traces know a run and its attempts: made from what is in the record, so that they are the same whenever and
//! wherever it is told.

use ring::digest::{SHA256, digest};

use super::Trail;

/// The id of a run's trace: the bytes of its UUID; of several runs made one, of their names.
pub fn trace_id(run: &str) -> [u8; 16] {
    let digits: Vec<u8> = run.bytes().filter(|byte| *byte != b'-').collect();
    let nibble = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pair = |pair: &[u8]| Some(nibble(*pair.first()?)? << 4 | nibble(*pair.get(1)?)?);
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or_else(|| first(run.as_bytes()))
}

/// The id of a span: of an attempt of a step, counted from 1; of the step itself, with 0.
pub fn span_id(run: &str, (playbook, trail): (usize, &Trail), attempt: u32) -> [u8; 8] {
    first(format!("{run}/{playbook}/{trail}/{attempt}").as_bytes())
}

/// What a request carries to belong to a trace (W3C Trace Context, section 3.2).
pub fn parent(trace: [u8; 16], span: [u8; 8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("00-{}-{}-01", hex(&trace), hex(&span))
}

/// The first bytes of a digest, which are never all zero.
fn first<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&digest(&SHA256, text).as_ref()[..N]);
    bytes[0] |= 1;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_record() {
        let run = "0a1b2c3d-4e5f-4a6b-8c7d-0123456789ab";
        let trace = trace_id(run);
        assert_eq!(trace[..3], [0x0a, 0x1b, 0x2c]);
        assert_ne!(trace_id("no uuid"), [0; 16]);
        let trail: Trail = "1[2]".parse().expect("a trail");
        let span = span_id(run, (0, &trail), 1);
        assert_eq!(span, span_id(run, (0, &trail), 1));
        assert_ne!(span, span_id(run, (0, &trail), 2));
        let header = parent(trace, span);
        assert!(header.starts_with("00-0a1b2c3d4e5f4a6b8c7d0123456789ab-") && header.ends_with("-01"));
        assert_eq!(header.len(), 55);
    }
}
