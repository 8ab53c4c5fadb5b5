//! The forms of texts that aren't merely text.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::base::Timestamp;

/// An `xsd:dateTime` as an instant (RFC 7643 section 2.3.5); one without an offset is read as UTC.
pub(in crate::scim) fn instant(text: &str) -> Option<Timestamp> {
    if !text.contains(['T', 't']) {
        return None;
    }
    let local = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| local().map(|zoned| zoned.timestamp()))
}

const LOOSE: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ENGINES: [GeneralPurpose; 2] = [GeneralPurpose::new(&STANDARD, LOOSE), GeneralPurpose::new(&URL_SAFE, LOOSE)];

/// Whether a text is base64, padded or not, in either alphabet (RFC 7643 section 2.3.6).
pub(super) fn is_base64(text: &str) -> bool {
    ENGINES.iter().any(|engine| engine.decode(text).is_ok())
}

/// Whether a text could be an absolute or relative URI (RFC 3986): of the characters that one is made of, with whole
/// escapes.
pub(super) fn is_uri(text: &str) -> bool {
    const OTHERS: &[u8] = b"-._~:/?#[]@!$&'()*+,;=";
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fine = match byte {
            b'%' => {
                [bytes.next(), bytes.next()].iter().all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
            }
            _ => byte.is_ascii_alphanumeric() || OTHERS.contains(&byte),
        };
        if !fine {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_a_date_and_a_time() {
        for (text, expected) in [
            ("2008-01-23T04:56:22Z", Some("2008-01-23T04:56:22Z")),
            ("2008-01-23T04:56:22.5+02:00", Some("2008-01-23T02:56:22.5Z")),
            ("2008-01-23T04:56:22", Some("2008-01-23T04:56:22Z")),
            ("2008-01-23", None),
            ("04:56:22", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(instant(text).map(|instant| instant.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn base64_with_and_without_padding() {
        for (text, expected) in [
            ("AAEC", true),
            ("AAE=", true),
            ("AAE", true),
            ("-_-_", true),
            ("+/+/", true),
            ("A", false),
            ("no!", false),
        ] {
            assert_eq!(is_base64(text), expected, "{text}");
        }
    }

    #[test]
    fn uris() {
        for (text, expected) in [
            ("https://example.com/v2/Users/2819c223", true),
            ("../Users/1?x=%20#f", true),
            ("urn:ietf:params:scim:schemas:core:2.0:User", true),
            ("", true),
            ("no picture", false),
            ("a%2", false),
            ("ä", false),
            ("<a>", false),
        ] {
            assert_eq!(is_uri(text), expected, "{text}");
        }
    }
}
