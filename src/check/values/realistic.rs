//! A value for an attribute by its name and type: what an endpoint that validates would take.
//!
//! Phone numbers are E.164 (the fictional range 555-0100 to 0199), languages BCP 47, countries ISO 3166-1, currencies and
//! the like as their standards write them, addresses lie in the country beside them, mail goes to example.com (RFC 2606).

use serde_json::{Value, json};

use super::person::{Person, pick};
use crate::schema::{ObjectKind, TargetAttribute};
use crate::scim::{AttributePath, AttributeType, Mutability};

/// Places with street, city, region, postal code and country.
const PLACES: [[&str; 5]; 4] = [
    ["1 Main Street", "Seattle", "WA", "98101", "US"],
    ["12 Bahnhofstrasse", "Zurich", "ZH", "8001", "CH"],
    ["5 Rue de Rivoli", "Paris", "IDF", "75001", "FR"],
    ["30 King Street", "Toronto", "ON", "M5H 1J9", "CA"],
];
const LANGUAGES: [&str; 4] = ["en-US", "de-CH", "fr-FR", "en-CA"];
const TIME_ZONES: [&str; 4] = ["America/Los_Angeles", "Europe/Zurich", "Europe/Paris", "America/Toronto"];
const TITLES: [&str; 5] = ["Engineer", "Designer", "Analyst", "Architect", "Writer"];
const DEPARTMENTS: [&str; 5] = ["Research", "Sales", "Finance", "Support", "Legal"];
const NICKNAMES: [&str; 5] = ["Ace", "Bee", "Cat", "Dot", "Eve"];
const TEAMS: [&str; 6] = ["Design", "Research", "Sales", "Finance", "Support", "Legal"];

/// The value of an attribute in a round: 0 at the beginning, then after that many changes. Neighbouring rounds differ,
/// but where there is only one sensible value.
pub(super) fn realistic(kind: ObjectKind, attribute: &TargetAttribute, person: &Person, round: u32) -> Value {
    let value = match attribute.kind {
        AttributeType::Boolean => return Value::Bool(round.is_multiple_of(2)),
        AttributeType::Integer => return json!(1000 + person.number + round),
        AttributeType::Decimal => return json!(f64::from(person.number + round) + 0.5),
        AttributeType::DateTime => json!(format!("2024-0{}-15T08:30:00Z", 1 + (person.number + round) % 9)),
        AttributeType::Binary => json!(pick(&["c2NpbXVsYXRl", "cHJvdmlzaW9u"], round)),
        AttributeType::String | AttributeType::Reference | AttributeType::Complex => {
            Value::String(text(kind, attribute, person, round))
        }
    };
    // An attribute of several plain values is sent as a list.
    let is_list = attribute.multivalued && attribute.path.filter.is_none() && attribute.path.sub_attribute.is_none();
    if is_list { json!([value]) } else { value }
}

/// The same for a path that nothing more is known of.
pub(in crate::check) fn made_up(kind: ObjectKind, path: &AttributePath, person: &Person, round: u32) -> Value {
    let attribute = TargetAttribute {
        name: String::new(),
        path: path.clone(),
        kind: AttributeType::String,
        multivalued: false,
        case_exact: false,
        required: false,
        mutability: Mutability::ReadWrite,
    };
    realistic(kind, &attribute, person, round)
}

fn text(kind: ObjectKind, attribute: &TargetAttribute, person: &Person, round: u32) -> String {
    let path = &attribute.path;
    let owner = path.attribute.to_lowercase();
    let part = path.sub_attribute.as_deref().unwrap_or_default().to_lowercase();
    let filter = path.filter.as_ref().map(|filter| filter.to_string().to_lowercase()).unwrap_or_default();
    let turn = person.number + round;
    let place = pick(&PLACES, turn);
    let (given, family) = (person.given(round), person.family(round));
    let unique = if round == 0 { person.unique() } else { format!("{}-r{round}", person.unique()) };
    if kind == ObjectKind::Group && owner == "displayname" {
        return format!("{unique} {}", pick(&TEAMS, turn));
    }
    match (owner.as_str(), part.as_str()) {
        ("username", _) => format!("{unique}@example.com"),
        ("externalid", _) => format!("{unique}-external"),
        ("displayname", _) | ("name", "formatted") => format!("{given} {family}"),
        ("name", "givenname") | ("givenname", _) => given.to_owned(),
        ("name", "familyname") | ("familyname" | "surname", _) => family.to_owned(),
        ("name", "middlename") => pick(&["Marie", "James", "Lee"], turn).to_owned(),
        ("name", "honorificprefix") => pick(&["Dr.", "Prof."], turn).to_owned(),
        ("name", "honorificsuffix") => pick(&["Jr.", "III"], turn).to_owned(),
        ("nickname", _) => pick(&NICKNAMES, turn).to_owned(),
        ("profileurl" | "photos", _) => format!("https://example.com/people/{unique}"),
        ("title" | "jobtitle", _) => pick(&TITLES, turn).to_owned(),
        ("usertype", _) => pick(&["Employee", "Contractor"], turn).to_owned(),
        ("preferredlanguage" | "locale", _) => pick(&LANGUAGES, turn).to_owned(),
        ("timezone", _) => pick(&TIME_ZONES, turn).to_owned(),
        ("password", _) => format!("Sc1m!{unique}"),
        ("emails", _) => {
            // Never the user name: whoever looks up by the one doesn't find the other.
            let kind = if filter.contains("work") || filter.is_empty() { "mail" } else { "home" };
            format!("{unique}.{kind}@example.com")
        }
        ("phonenumbers", _) => phone(&filter, turn),
        ("ims", _) => format!("{unique}@im.example.com"),
        ("addresses", part) => address(part, place, &filter),
        ("employeenumber", _) => (100_000 + turn).to_string(),
        ("department", _) => pick(&DEPARTMENTS, turn).to_owned(),
        ("division", _) => pick(&["Products", "Services", "Operations"], turn).to_owned(),
        ("organization" | "company", _) => pick(&["Contoso", "Fabrikam"], turn).to_owned(),
        ("costcenter", _) => format!("CC{}", 100 + turn % 900),
        (_, "primary" | "type") => "work".to_owned(),
        _ => by_name(&owner, turn, place).unwrap_or_else(|| format!("{}-{}", short(&path.attribute), turn)),
    }
}

/// What the name of a custom attribute suggests.
fn by_name(owner: &str, turn: u32, place: [&str; 5]) -> Option<String> {
    let has = |part: &str| owner.contains(part);
    Some(match () {
        () if has("phone") || has("mobile") || has("fax") => phone(owner, turn),
        () if has("mail") => format!("custom{turn}@example.com"),
        () if has("country") => place[4].to_owned(),
        () if has("city") => place[1].to_owned(),
        () if has("postal") || has("zip") => place[3].to_owned(),
        () if has("timezone") => pick(&TIME_ZONES, turn).to_owned(),
        () if has("language") || has("locale") => pick(&LANGUAGES, turn).to_owned(),
        () if has("currency") => pick(&["USD", "CHF", "EUR"], turn).to_owned(),
        () if has("url") || has("uri") => format!("https://example.com/{turn}"),
        () if has("date") => format!("2024-0{}-15", 1 + turn % 9),
        () => return None,
    })
}

/// A phone number; work, mobile, fax and others differ.
fn phone(kind: &str, turn: u32) -> String {
    let area = match () {
        () if kind.contains("mobile") => 206,
        () if kind.contains("fax") => 360,
        () if kind.contains("home") => 509,
        () => 425,
    };
    format!("+1{area}55501{:02}", turn % 100)
}

fn address(part: &str, place: [&str; 5], filter: &str) -> String {
    match part {
        "streetaddress" => place[0].to_owned(),
        "locality" => place[1].to_owned(),
        "region" => place[2].to_owned(),
        "postalcode" => place[3].to_owned(),
        "country" => place[4].to_owned(),
        _ if filter.contains("other") => format!("Building {}", place[3]),
        _ => format!("{}, {} {}", place[0], place[3], place[1]),
    }
}

fn short(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).take(20).collect()
}
