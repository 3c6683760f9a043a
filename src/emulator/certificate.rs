//! The certificates of the emulator: an authority made for one run, and a leaf for loopback that it signs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::emulator::guid::hex;

/// What TLS listeners need, and what clients need to trust them.
pub(crate) struct Certificate {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) ca_pem: String,
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
    let mut server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(CertificateError::Use)?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Certificate { server: Arc::new(server), ca_pem })
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

/// The authority's certificate in a file of its own folder; both are gone when this is dropped.
#[derive(Debug)]
pub(crate) struct CaFile {
    folder: PathBuf,
    path: PathBuf,
}

impl CaFile {
    /// Writes the file into a new folder that only this user can enter.
    pub(crate) fn write(pem: &str, unique: &[u8]) -> std::io::Result<CaFile> {
        let folder = std::env::temp_dir().join(format!("mi-run-{}", hex(unique)));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        // Held before the file is written, so that a failure leaves no folder behind.
        let file = CaFile { path: folder.join("ca.pem"), folder };
        std::fs::File::create_new(&file.path)?.write_all(pem.as_bytes())?;
        Ok(file)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for CaFile {
    fn drop(&mut self) {
        // Nothing can be done about a file that does not go away.
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_dir(&self.folder);
    }
}
