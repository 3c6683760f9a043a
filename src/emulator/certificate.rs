//! The certificates of the emulator: an authority made for one run, and a leaf for loopback that it signs.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::emulator::guid::hex;

/// What TLS listeners need, and what clients need to trust them.
pub(crate) struct Certificate {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) ca_pem: String,
    /// The SHA-1 of the leaf, in upper-case hexadecimal digits.
    pub(crate) thumbprint: String,
}

/// Why there is no certificate.
#[derive(Debug)]
pub enum CertificateError {
    /// It could not be made.
    Make(rcgen::Error),
    /// The TLS library does not take it.
    Use(rustls::Error),
}

/// Makes an authority and a leaf that are valid from the day before for a year.
pub(crate) fn make(now: Timestamp) -> Result<Certificate, CertificateError> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let (ca_pem, chain, key) = sign(today).map_err(CertificateError::Make)?;
    let leaf = chain.first().map(|leaf| digest(&SHA1_FOR_LEGACY_USE_ONLY, leaf));
    let thumbprint = leaf.map(|hash| hex(hash.as_ref()).to_uppercase()).unwrap_or_default();
    let mut server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(CertificateError::Use)?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Certificate { server: Arc::new(server), ca_pem, thumbprint })
}

type Signed = (String, Vec<rustls::pki_types::CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The authority as PEM, the chain to serve, and the leaf's key. The authority's own key is given up at once.
fn sign(today: Date) -> Result<Signed, rcgen::Error> {
    let mut authority = parameters(today, "mi-run emulator CA", Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;

    let names = ["127.0.0.1", "::1", "localhost"].map(str::to_owned).to_vec();
    let mut leaf = parameters(today, "localhost", names)?;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let leaf_key = KeyPair::generate()?;
    let issuer = Issuer::new(authority, authority_key);
    let leaf_certificate = leaf.signed_by(&leaf_key, &issuer)?;
    Ok((
        authority_certificate.pem(),
        vec![leaf_certificate.der().clone()],
        PrivatePkcs8KeyDer::from(leaf_key.serialize_der()).into(),
    ))
}

fn parameters(today: Date, name: &str, alternatives: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let ymd =
        |date: Date| rcgen::date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs());
    let mut parameters = CertificateParams::new(alternatives)?;
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = ymd(today.saturating_sub(1.day()));
    parameters.not_after = ymd(today.saturating_add(365.days()));
    Ok(parameters)
}
