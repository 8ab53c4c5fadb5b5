//! A certificate that is made when the server starts, for trials: an authority that is thrown away signs it.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::PrivatePkcs8KeyDer;

use super::{Tls, TlsError};
use crate::base::Timestamp;

/// Longest that a server's certificate may last for clients to take it is 398 days.
const LASTS: Duration = Duration::from_hours(397 * 24);
/// Clocks differ.
const BEFORE: Duration = Duration::from_hours(24);

/// A made certificate, and the authority that clients have to trust.
///
/// The keys of both exist in memory alone, that of the authority only as long as it takes to sign: it can't be used to
/// make another certificate, however many trust it.
#[derive(Debug, Clone)]
pub struct SelfSigned {
    /// What to serve with.
    pub tls: Tls,
    /// The authority's certificate, PEM.
    pub authority: String,
}

impl SelfSigned {
    /// Makes one for these host names and IP addresses.
    pub fn new(names: &[String], now: Timestamp) -> Result<Self, TlsError> {
        let failed = |error: rcgen::Error| TlsError::Made(error.to_string());
        let authority_key = KeyPair::generate().map_err(failed)?;
        let mut authority = params(&[], "scimulate, made for one run", now)?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = authority.self_signed(&authority_key).map_err(failed)?.pem();
        let issuer = Issuer::new(authority, authority_key);

        let key = KeyPair::generate().map_err(failed)?;
        let mut server = params(names, "scimulate serve", now)?;
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        let certificate = server.signed_by(&key, &issuer).map_err(failed)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let tls = Tls::made(vec![certificate.der().clone()], key.into())?;
        Ok(Self { tls, authority: pem })
    }
}

fn params(names: &[String], common_name: &str, now: Timestamp) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::default();
    for name in names {
        // One by one, for the library doesn't say which it is that it can't take.
        let one = CertificateParams::new([name.clone()]).ok().filter(|_| is_name(name));
        params.subject_alt_names.extend(one.ok_or_else(|| TlsError::Name(name.clone()))?.subject_alt_names);
    }
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
    params.not_before = now - BEFORE;
    params.not_after = now + LASTS;
    Ok(params)
}

/// Whether clients could ask for a name: a host name, perhaps with a wildcard in front, or an address.
fn is_name(name: &str) -> bool {
    let host = name.strip_prefix("*.").unwrap_or(name);
    rustls::pki_types::ServerName::try_from(host).is_ok()
}
