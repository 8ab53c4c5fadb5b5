//! `ConvertToBase64`, `ConvertFromBase64`, `ConvertToUTF8Hex`.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::expression::evaluate::{Call, Evaluated, EvaluationError};

/// `ConvertToBase64(source)`: of the text in UTF-16, low bytes first.
pub(super) fn to_base64<'a>(call: &Call<'a>) -> Evaluated<'a> {
    call.map(call.value(0)?, |text| {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Ok(Cow::Owned(STANDARD.encode(bytes)))
    })
}

/// `ConvertFromBase64(source, [encoding])`: the text of an encoding: `Unicode` (UTF-16, the default), `ASCII`
/// or `UTF8`.
pub(super) fn from_base64<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let encoding = call.text(1)?.unwrap_or(Cow::Borrowed("Unicode"));
    call.map(call.value(0)?, |text| {
        let bytes = STANDARD.decode(text.as_bytes()).ok();
        let decoded = bytes.and_then(|bytes| match encoding.to_ascii_lowercase().as_str() {
            "unicode" if bytes.len().is_multiple_of(2) => {
                let units: Vec<u16> =
                    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                String::from_utf16(&units).ok()
            }
            "ascii" => bytes.is_ascii().then(|| String::from_utf8(bytes).ok()).flatten(),
            "utf8" => String::from_utf8(bytes).ok(),
            _ => None,
        });
        decoded.map(Cow::Owned).ok_or_else(|| EvaluationError::NotBase64 { encoding: encoding.to_string() }.into())
    })
}

/// `ConvertToUTF8Hex(source)`: the bytes in UTF-8, two digits each.
pub(super) fn to_utf8_hex<'a>(call: &Call<'a>) -> Evaluated<'a> {
    call.map(call.value(0)?, |text| {
        call.check_length(text.len().saturating_mul(2))?;
        let mut hex = String::with_capacity(text.len() * 2);
        for byte in text.bytes() {
            write!(hex, "{byte:02X}").expect("writing to a string doesn't fail");
        }
        Ok(Cow::Owned(hex))
    })
}
