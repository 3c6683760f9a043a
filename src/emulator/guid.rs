//! GUIDs: told from other texts, and derived from names.

use ring::digest::{SHA256, digest};

/// Whether a text is a GUID in its usual form, `8-4-4-4-12` hexadecimal digits.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The GUID that belongs to these bytes: always the same one, and for other bytes another. Version 8 is the one for
/// ids made by a rule of one's own (RFC 9562, section 5.8).
pub(crate) fn derive(from: &[u8]) -> String {
    versioned(from, 0x80)
}

/// A GUID as good as drawn by chance, when the bytes hold chance: version 4 (RFC 9562, section 5.4).
pub(crate) fn random(from: &[u8]) -> String {
    versioned(from, 0x40)
}

fn versioned(from: &[u8], version: u8) -> String {
    let digest = digest(&SHA256, from);
    let mut bytes = [0u8; 16];
    for (byte, hashed) in bytes.iter_mut().zip(digest.as_ref()) {
        *byte = *hashed;
    }
    bytes[6] = (bytes[6] & 0x0f) | version;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 0x0f)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_guids_from_other_texts() {
        #[track_caller]
        fn check(text: &str, expected: bool) {
            assert_eq!(is_guid(text), expected, "`{text}`");
        }
        check("98f51385-2edc-4b79-bed9-7718de4cb861", true);
        check("98F51385-2EDC-4B79-BED9-7718DE4CB861", true);
        check("98f513852edc4b79bed97718de4cb861", false);
        check("98f51385-2edc-4b79-bed9-7718de4cb86g", false);
        check("98f51385-2edc-4b79-bed9-7718de4cb86é", false);
        check("resourceGroups", false);
        check("", false);
    }

    #[test]
    fn derives_the_same_guid_for_the_same_name() {
        assert!(is_guid(&derive(b"")));
        assert_eq!(derive(b"dev"), derive(b"dev"));
        assert_ne!(derive(b"dev"), derive(b"prod"));
    }
}
