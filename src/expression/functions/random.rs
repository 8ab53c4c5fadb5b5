//! `Guid` and `RandomString`: random, and the same for the same seed.

use std::borrow::Cow;

use crate::base::Random;
use crate::expression::evaluate::{Call, Evaluated, EvaluationError};
use crate::expression::value::Value;

/// How long a `RandomString` may be.
pub(in crate::expression) const MAX_LENGTH: i64 = 256;

/// The classes of characters in the order of the parameters: digits, special characters, capitals, lower case.
pub(in crate::expression) const CLASSES: [&str; 4] =
    ["0123456789", "!@#$%^&*()-_=+[]{};:,.?", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"];

/// Names of the parameters that say how many characters of each class there are at least.
const MINIMA: [&str; 4] = ["MinimumNumbers", "MinimumSpecialCharacters", "MinimumCapital", "MinimumLowerCase"];

/// A sequence of its own for each call of an expression.
fn random(call: &Call<'_>) -> Random {
    Random::seeded(call.environment.seed ^ u64::from(call.site).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// `Guid()`: a version 4 GUID in lower case with dashes.
pub(super) fn guid<'a>(call: &Call<'a>) -> Value<'a> {
    Value::String(Cow::Owned(random(call).guid().to_string()))
}

/// `RandomString(Length, MinimumNumbers, MinimumSpecialCharacters, MinimumCapital, MinimumLowerCase,
/// [CharactersToAvoid])`: at least so many characters of each class, the others of any class.
pub(super) fn random_string<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let length = call.integer(0, "Length")?;
    let mut minima = [0; 4];
    for (index, (minimum, name)) in minima.iter_mut().zip(MINIMA).enumerate() {
        *minimum = call.integer(index + 1, name)?;
    }
    let sum: i64 = minima.iter().fold(0, |sum, minimum| sum.saturating_add(*minimum));
    let refuse = |reason: String| Err(EvaluationError::RandomString { reason }.into());
    if !(0..=MAX_LENGTH).contains(&length) {
        return refuse(format!("the length is {length}, it can be 0 to {MAX_LENGTH}"));
    }
    if minima.iter().any(|minimum| *minimum < 0) || sum > length {
        return refuse(format!("{sum} characters are asked for where the length is {length}"));
    }
    let avoided = call.text(5)?.unwrap_or_default();
    let allowed = CLASSES.map(|class| class.chars().filter(|c| !avoided.contains(*c)).collect::<Vec<char>>());
    let everything: Vec<char> = allowed.iter().flatten().copied().collect();
    let mut random = random(call);
    let mut chosen = Vec::new();
    let mut choose = |from: &[char], count: i64, chosen: &mut Vec<char>| {
        if count > 0 && from.is_empty() {
            return false;
        }
        (0..count).for_each(|_| chosen.push(from[random.below(from.len())]));
        true
    };
    let mut enough = true;
    for (class, minimum) in allowed.iter().zip(minima) {
        enough &= choose(class, minimum, &mut chosen);
    }
    enough &= choose(&everything, length - sum, &mut chosen);
    if !enough {
        return refuse("no character is left that isn't to be avoided".to_owned());
    }
    // The classes are mixed: each place is exchanged with a random one before it.
    for place in (1..chosen.len()).rev() {
        let other = random.below(place + 1);
        chosen.swap(place, other);
    }
    Ok(Value::String(Cow::Owned(chosen.into_iter().collect())))
}
