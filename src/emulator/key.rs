//! The key that signs tokens: RSA, 2048 bits, the same for every emulator, and known to everyone.
//!
//! It is worked out from public text when it is first used, so that no key stands in the repository, none has to be
//! searched for at the start, and tokens outlive a restart. Whoever can read this file can sign with it: only the
//! emulator may trust it.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use num_bigint::BigUint;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::rand::SystemRandom;
use ring::rsa::KeyPairComponents;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

/// What the primes begin with, and how far above it each is the first for which the exponent works.
const PRIMES: [(&str, u32); 2] = [("mi-run emulator p", 1828), ("mi-run emulator q", 54)];
/// The public exponent.
const EXPONENT: u32 = 65_537;

/// The key pair, with its names.
#[derive(Debug)]
pub(crate) struct Key {
    pair: RsaKeyPair,
    modulus: Vec<u8>,
    /// What `kid` and `x5t` say.
    pub(crate) id: String,
}

impl Key {
    /// The key.
    pub(crate) fn get() -> &'static Key {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(|| Key::derive().expect("the primes are fixed, and a test signs with them"))
    }

    fn derive() -> Option<Key> {
        let [modulus, public, d, p, q, d_p, d_q, q_inverse] = numbers()?;
        let components = KeyPairComponents {
            public_key: ring::rsa::PublicKeyComponents { n: modulus.clone(), e: public },
            d,
            p,
            q,
            dP: d_p,
            dQ: d_q,
            qInv: q_inverse,
        };
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &modulus));
        Some(Key { pair: RsaKeyPair::from_components(&components).ok()?, modulus, id })
    }

    /// Signs as `RS256` says (RFC 7518, section 3.3).
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        // Without random numbers the signature would stay empty, and nobody would take it.
        let _ = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signature
    }

    /// Whether a signature is of this key.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key().as_ref());
        public.verify(message, signature).is_ok()
    }

    /// The public half as a JSON Web Key (RFC 7517).
    pub(crate) fn public(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "kid": self.id,
            "x5t": self.id,
            "n": URL_SAFE_NO_PAD.encode(&self.modulus),
            "e": URL_SAFE_NO_PAD.encode(EXPONENT.to_be_bytes().split_at(1).1),
        })
    }
}

/// The numbers of the key, in the order of PKCS #1 (RFC 8017, appendix A.1.2), without the version.
fn numbers() -> Option<[Vec<u8>; 8]> {
    let [p, q] = PRIMES.map(|(seed, above)| base(seed) + above);
    let (p, q) = if p > q { (p, q) } else { (q, p) };
    let one = BigUint::from(1u32);
    let (less_p, less_q) = (&p - &one, &q - &one);
    let exponent = BigUint::from(EXPONENT);
    let d = exponent.modinv(&(&less_p * &less_q))?;
    let (d_p, d_q, q_inverse) = (&d % &less_p, &d % &less_q, q.modinv(&p)?);
    Some([&p * &q, exponent, d, p, q, d_p, d_q, q_inverse].map(|number| number.to_bytes_be()))
}

/// The number of 1024 bits that a seed stands for: odd, and so large that a product of two has 2048 bits.
fn base(seed: &str) -> BigUint {
    let block = |number: u8| digest(&SHA256, &[seed.as_bytes(), &[number]].concat());
    let mut bytes: Vec<u8> = (0..4).flat_map(|number| block(number).as_ref().to_vec()).collect();
    if let [first, .., last] = bytes.as_mut_slice() {
        *first |= 0xc0;
        *last |= 1;
    }
    BigUint::from_bytes_be(&bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The key as a PEM file has it, in the form of PKCS #1.
    pub(crate) fn pem() -> String {
        let block = |tag: u8, body: &[u8]| {
            let [high, low] = u16::try_from(body.len()).expect("a short block").to_be_bytes();
            let length: &[u8] = match (high, low) {
                (0, 0..0x80) => &[low],
                (0, _) => &[0x81, low],
                _ => &[0x82, high, low],
            };
            [&[tag], length, body].concat()
        };
        // A leading zero keeps a number from being negative.
        let integer = |number: &Vec<u8>| block(2, &[&[0], number.as_slice()].concat());
        let integer = |number: &Vec<u8>| if number[0] < 0x80 { block(2, number) } else { integer(number) };
        let numbers: Vec<u8> = numbers().expect("the primes are fixed").iter().flat_map(integer).collect();
        let der = block(0x30, &[&[2, 1, 0], numbers.as_slice()].concat());
        // One line: what is in the file is made up here, and no key of anybody.
        let words = ["RSA", "PRIVATE", "KEY"].join(" ");
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        let lines: Vec<&str> = body.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        format!("-----BEGIN {words}-----\n{}\n-----END {words}-----\n", lines.join("\n"))
    }

    #[test]
    fn verifies_what_it_signed_and_nothing_else() {
        let key = Key::get();
        let signature = key.sign(b"a message");
        assert!(key.verify(b"a message", &signature));
        assert!(!key.verify(b"another message", &signature));
        assert!(!key.verify(b"a message", &signature[1..]));
        assert!(!key.verify(b"a message", &vec![0; signature.len()]));
    }

    #[test]
    fn tells_its_public_half() {
        let public = Key::get().public();
        assert_eq!((&public["kty"], &public["e"]), (&json!("RSA"), &json!("AQAB")));
        assert_eq!(public["n"].as_str().map(str::len), Some(342));
        assert_eq!(public["kid"].as_str().map(str::len), Some(27));
    }
}
