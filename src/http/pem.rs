//! Certificates and keys as files hold them: PEM (RFC 7468).

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A private key, as DER.
pub enum Key {
    /// In the form of PKCS #8.
    Pkcs8(Vec<u8>),
    /// In the form of PKCS #1.
    Pkcs1(Vec<u8>),
}

/// The first certificate, which is the one of the key, and the key.
///
/// # Errors
/// What the file is or lacks, in words that go on from its name.
pub fn pair(bytes: &[u8]) -> Result<(Vec<u8>, Key), &'static str> {
    let text = String::from_utf8_lossy(bytes);
    if text.contains("ENCRYPTED") {
        return Err("is protected by a password");
    }
    if !text.contains("-----BEGIN ") {
        return Err("is not PEM, maybe PKCS #12");
    }
    let certificate = CertificateDer::from_pem_slice(bytes).map_err(|_| "holds no certificate")?;
    let key = match PrivateKeyDer::from_pem_slice(bytes) {
        Ok(PrivateKeyDer::Pkcs8(key)) => Key::Pkcs8(key.secret_pkcs8_der().to_vec()),
        Ok(PrivateKeyDer::Pkcs1(key)) => Key::Pkcs1(key.secret_pkcs1_der().to_vec()),
        _ => return Err("holds no RSA key"),
    };
    Ok((certificate.to_vec(), key))
}
