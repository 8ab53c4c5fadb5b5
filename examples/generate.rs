//! Writes an export of any size, the same for the same seed:
//! `cargo run --release --example generate -- --users 100000 --out DIR [--seed N] [--format csv|json|scim]
//! [--assigned 0.9] [--mapping wedo|scim] [--groups N --members N]`. With `--mapping scim` every column that its 22 user
//! mappings need is there. With `--groups` there are so many groups of so many members each, everybody has a manager in
//! managers.csv, and everything is in scope. With `--format scim` there is scim.ndjson alone: what an endpoint holds
//! after all of them were provisioned, for `serve --load`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use scimulate::base::Random;
use uuid::Uuid;

const USAGE: &str = "usage: generate --users N --out DIR [--seed N] [--format csv|json|scim] [--assigned FRACTION] \
                     [--mapping wedo|scim] [--groups N --members N]";

const GIVEN_NAMES: &[&str] = &[
    "Ann", "Björn", "Chloé", "Dmitri", "Eva", "Fatima", "Giulia", "Hiroshi", "Inês", "Jürg", "Kwame", "Léa", "Mehmet",
    "Nora", "Oskar", "Priya", "Quentin", "Rosa", "Søren", "Tereza", "Umar", "Vera", "Wei", "Ximena", "Yusuf", "Zoë",
];
const SURNAMES: &[&str] = &[
    "Ackermann",
    "Baumann",
    "Čapek",
    "Dubois",
    "Eriksson",
    "Fontana",
    "García",
    "Huber",
    "Ivanova",
    "Jansen",
    "Keller",
    "Lindgren",
    "Müller",
    "Nowak",
    "Okafor",
    "Petrov",
    "Quispe",
    "Rossi",
    "Schmid",
    "Tanaka",
    "Urban",
    "Vogel",
    "Weiss",
    "Xu",
    "Yılmaz",
    "Zimmermann",
];
const TITLES: &[&str] = &["Engineer", "Designer", "Accountant", "Team Lead", "Consultant, Senior", "Buyer"];
const DEPARTMENTS: &[&str] = &["Engineering", "Design", "Finance", "Sales", "Human Resources", "Legal"];
const PLACES: &[(&str, &str, &str)] = &[
    ("Zürich", "Switzerland", "de-CH"),
    ("Genève", "Switzerland", "fr-CH"),
    ("Berlin", "Germany", "de-DE"),
    ("Praha", "Czechia", "cs-CZ"),
    ("London", "United Kingdom", "en-GB"),
    ("São Paulo", "Brazil", "pt-BR"),
];
/// Value and display name of the application's roles.
const ROLES: &[(&str, &str)] =
    &[("designer", "Designer"), ("reviewer", "Reviewer"), ("admin", "Administrator"), ("viewer", "Viewer")];
const COLUMNS: &str = "userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,department,\
                       accountEnabled,usageLocation,city,country,mobilePhone,preferredLanguage";
/// What the `scim` mapping needs beyond those.
const FURTHER_COLUMNS: &str = ",streetAddress,state,postalCode,telephoneNumber,facsimileTelephoneNumber,mailNickname,\
                               employeeId,physicalDeliveryOfficeName,manager";
const GROUP_SIZE: usize = 50;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
    Scim,
}

struct Options {
    users: usize,
    out: PathBuf,
    seed: u64,
    format: Format,
    assigned: f64,
    mapping: &'static str,
    groups: usize,
    members: usize,
}

fn main() -> ExitCode {
    let mut stderr = io::stderr();
    let outcome = options(std::env::args().skip(1)).and_then(|options| {
        let write = if options.format == Format::Scim { generate_scim } else { generate };
        write(&options).map_err(|error| format!("writing to {} failed: {error}", options.out.display()))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nothing is left to be done when this can't be written either.
            drop(writeln!(stderr, "{message}"));
            ExitCode::from(2)
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        users: 0,
        out: PathBuf::new(),
        seed: 1,
        format: Format::Csv,
        assigned: 0.9,
        mapping: "wedo",
        groups: 0,
        members: GROUP_SIZE,
    };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value\n{USAGE}"))?;
        let wrong = || format!("{name} can't be \"{value}\"\n{USAGE}");
        match name.as_str() {
            "--users" => options.users = value.parse().map_err(|_| wrong())?,
            "--out" => options.out = PathBuf::from(&value),
            "--groups" => options.groups = value.parse().map_err(|_| wrong())?,
            "--members" => options.members = value.parse().map_err(|_| wrong())?,
            "--seed" => options.seed = value.parse().map_err(|_| wrong())?,
            "--assigned" => options.assigned = value.parse().map_err(|_| wrong())?,
            "--format" => {
                options.format = match value.as_str() {
                    "csv" => Format::Csv,
                    "json" => Format::Json,
                    "scim" => Format::Scim,
                    _ => return Err(wrong()),
                };
            }
            "--mapping" => {
                let known = ["wedo", "scim"].into_iter().find(|known| *known == value);
                options.mapping = known.ok_or_else(wrong)?;
            }
            _ => return Err(format!("unknown option {name}\n{USAGE}")),
        }
    }
    if options.users == 0 || options.out.as_os_str().is_empty() {
        return Err(USAGE.to_owned());
    }
    if options.mapping == "scim" && options.format == Format::Json {
        return Err(format!("--mapping scim writes CSV alone\n{USAGE}"));
    }
    Ok(options)
}

/// One made-up user.
struct Person {
    id: Uuid,
    principal_name: String,
    given_name: &'static str,
    surname: &'static str,
    mail: bool,
    enabled: bool,
    guest: bool,
    title: &'static str,
    department: &'static str,
    place: (&'static str, &'static str, &'static str),
    phone: usize,
}

impl Person {
    fn random(random: &mut Random, number: usize) -> Self {
        let given_name = pick(random, GIVEN_NAMES);
        let surname = pick(random, SURNAMES);
        let guest = random.below(100) < 3;
        let name = format!("{}.{}.{number}", ascii(given_name), ascii(surname));
        let principal_name = if guest {
            format!("{name}_fabrikam.com#EXT#@contoso.onmicrosoft.com")
        } else {
            format!("{name}@contoso.com")
        };
        Self {
            id: random.guid(),
            principal_name,
            given_name,
            surname,
            mail: random.below(100) >= 2,
            enabled: random.below(100) >= 3,
            guest,
            title: pick(random, TITLES),
            department: pick(random, DEPARTMENTS),
            place: PLACES[random.below(PLACES.len())],
            phone: 1_000_000 + random.below(9_000_000),
        }
    }

    fn mail(&self) -> String {
        let name = self.principal_name.split(['@', '#']).next().unwrap_or_default();
        match (self.mail, self.guest) {
            (false, _) => String::new(),
            (true, false) => format!("{name}@contoso.com"),
            (true, true) => name.rsplit_once('_').map(|(name, home)| format!("{name}@{home}")).unwrap_or_default(),
        }
    }

    fn user_type(&self) -> &'static str {
        if self.guest { "Guest" } else { "Member" }
    }

    fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let (city, country, language) = self.place;
        let title = if self.title.contains(',') { format!("\"{}\"", self.title) } else { self.title.to_owned() };
        write!(
            out,
            "{},{} {},{},{},{},{},{},{title},{},{},{},{city},{country},+41 {},{language}",
            self.principal_name,
            self.given_name,
            self.surname,
            self.surname,
            self.mail(),
            self.given_name,
            self.id,
            self.user_type(),
            self.department,
            if self.enabled { "True" } else { "False" },
            &language[3..],
            self.phone,
        )
    }

    /// The cells of [`FURTHER_COLUMNS`].
    fn write_further(&self, number: usize, out: &mut impl Write) -> io::Result<()> {
        let name = self.principal_name.split(['@', '#']).next().unwrap_or_default();
        write!(
            out,
            ",Main Street {},ZH,{},+41 44 {},+41 43 {},{name},E{number:07},Floor {},{}",
            self.phone % 200,
            8000 + self.phone % 1000,
            self.phone,
            self.phone,
            self.phone % 9,
            Uuid::from_u128(self.id.as_u128() ^ 1),
        )
    }

    fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        let (city, country, language) = self.place;
        let mail = self.mail();
        let mail = if mail.is_empty() { "null".to_owned() } else { format!("\"{mail}\"") };
        write!(
            out,
            "{{\"id\":\"{}\",\"userPrincipalName\":\"{}\",\"displayName\":\"{} {}\",\"givenName\":\"{}\",\
             \"surname\":\"{}\",\"mail\":{mail},\"accountEnabled\":{},\"userType\":\"{}\",\"jobTitle\":\"{}\",\
             \"department\":\"{}\",\"usageLocation\":\"{}\",\"city\":\"{city}\",\"country\":\"{country}\",\
             \"mobilePhone\":\"+41 {}\",\"businessPhones\":[],\"preferredLanguage\":\"{language}\"}}",
            self.id,
            self.principal_name,
            self.given_name,
            self.surname,
            self.given_name,
            self.surname,
            self.enabled,
            self.user_type(),
            self.title,
            self.department,
            &language[3..],
            self.phone,
        )
    }
}

/// Attributes that WEDO doesn't keep are sent where the mapping is another one.
impl Person {
    fn write_scim(&self, number: usize, id: Uuid, is_wedo: bool, out: &mut impl Write) -> io::Result<()> {
        const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
        const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let (city, country, language) = self.place;
        let (given, family) = (self.given_name, self.surname);
        let extension = if is_wedo { String::new() } else { format!(",\"{ENTERPRISE}\"") };
        write!(
            out,
            "{{\"id\":\"{id}\",\"schemas\":[\"{CORE}\"{extension}],\"userName\":\"{}\",\"active\":{},\
             \"displayName\":\"{given} {family}\",\"title\":\"{}\",\"preferredLanguage\":\"{language}\",\
             \"userType\":\"{}\",\"name\":{{\"givenName\":\"{given}\",\"familyName\":\"{family}\",\
             \"formatted\":\"{given} {family}\"}}",
            self.principal_name,
            self.enabled,
            self.title,
            self.user_type(),
        )?;
        let mail = self.mail();
        if !mail.is_empty() {
            write!(out, ",\"emails\":[{{\"type\":\"work\",\"primary\":true,\"value\":\"{mail}\"}}]")?;
        }
        if !is_wedo {
            write!(
                out,
                ",\"externalId\":\"{}\",\"addresses\":[{{\"type\":\"work\",\"formatted\":\"Floor {}\",\
                 \"streetAddress\":\"Main Street {}\",\"locality\":\"{city}\",\"region\":\"ZH\",\"postalCode\":\"{}\",\
                 \"country\":\"{country}\"}}],\"phoneNumbers\":[{{\"type\":\"work\",\"value\":\"+41 44 {}\"}},\
                 {{\"type\":\"mobile\",\"value\":\"+41 {}\"}},{{\"type\":\"fax\",\"value\":\"+41 43 {}\"}}],\
                 \"{ENTERPRISE}\":{{\"employeeNumber\":\"E{number:07}\",\"department\":\"{}\"}}",
                self.id,
                self.phone % 9,
                self.phone % 200,
                8000 + self.phone % 1000,
                self.phone,
                self.phone,
                self.phone,
                self.department,
            )?;
        }
        writeln!(
            out,
            ",\"meta\":{{\"resourceType\":\"User\",\"created\":\"2026-03-01T10:00:00Z\",\
             \"lastModified\":\"2026-03-01T10:00:00Z\"}}}}"
        )
    }
}

/// What an endpoint holds: users, then groups.
fn generate_scim(options: &Options) -> io::Result<()> {
    fs::create_dir_all(&options.out)?;
    let mut random = Random::seeded(options.seed);
    let mut out = BufWriter::with_capacity(1 << 18, File::create(options.out.join("scim.ndjson"))?);
    let mut ids = Vec::new();
    for number in 1..=options.users {
        let (person, id) = (Person::random(&mut random, number), random.guid());
        person.write_scim(number, id, options.mapping == "wedo", &mut out)?;
        if options.groups > 0 {
            ids.push(id);
        }
    }
    for group in 0..options.groups {
        write!(
            out,
            "{{\"id\":\"{}\",\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Group\"],\"displayName\":\"Team {}\",\
             \"members\":[",
            random.guid(),
            group + 1,
        )?;
        for member in 0..options.members.min(ids.len()) {
            let comma = if member == 0 { "" } else { "," };
            let id = ids[(group * options.members + member) % ids.len()];
            write!(out, "{comma}{{\"value\":\"{id}\"}}")?;
        }
        writeln!(out, "],\"meta\":{{\"resourceType\":\"Group\"}}}}")?;
    }
    out.flush()
}

fn pick(random: &mut Random, from: &[&'static str]) -> &'static str {
    from[random.below(from.len())]
}

/// The name as a mail address may have it.
fn ascii(name: &str) -> String {
    name.chars().filter(char::is_ascii).collect::<String>().to_lowercase()
}

fn generate(options: &Options) -> io::Result<()> {
    fs::create_dir_all(&options.out)?;
    let create = |name: &str| File::create(options.out.join(name)).map(|file| BufWriter::with_capacity(1 << 18, file));
    let mut random = Random::seeded(options.seed);
    let resource = random.guid();
    let roles: Vec<_> = ROLES.iter().map(|_| random.guid()).collect();
    write_application(&mut create("application.json")?, resource, &roles, &mut random)?;
    let users_name = if options.format == Format::Csv { "users.csv" } else { "users.json" };
    write_settings(options, users_name)?;
    let further = options.mapping == "scim";

    let mut users = create(users_name)?;
    let mut assignments = Assignments { out: create("appRoleAssignedTo.json")?, resource, first: true };
    let mut groups = create("groups.json")?;
    writeln!(assignments.out, "{{\"@odata.context\":\"{GRAPH}appRoleAssignments\",\"value\":[")?;
    write!(groups, "{{\"@odata.context\":\"{GRAPH}groups\",\"value\":[")?;
    match options.format {
        Format::Csv => writeln!(users, "version:v1.0\n{COLUMNS}{}", if further { FURTHER_COLUMNS } else { "" })?,
        Format::Json | Format::Scim => write!(users, "{{\"@odata.context\":\"{GRAPH}users\",\"value\":[")?,
    }
    let (mut members, mut group_count) = (Vec::new(), 0);
    let mut ids = Vec::new();
    for number in 1..=options.users {
        let person = Person::random(&mut random, number);
        match options.format {
            Format::Csv => {
                person.write_csv(&mut users)?;
                if further {
                    person.write_further(number, &mut users)?;
                }
                writeln!(users)?;
            }
            Format::Json | Format::Scim => {
                users.write_all(if number == 1 { b"\n" } else { b",\n" })?;
                person.write_json(&mut users)?;
            }
        }
        if options.groups > 0 {
            ids.push(person.id);
            continue;
        }
        if random.fraction() < options.assigned {
            // One in twenty has nothing but Default Access.
            let role = if random.below(20) == 0 { Uuid::nil() } else { roles[random.below(roles.len())] };
            let name = format!("{} {}", person.given_name, person.surname);
            assignments.write(random.guid(), person.id, "User", &name, role)?;
        } else if random.below(2) == 0 {
            members.push(person.id);
        }
        if members.len() == GROUP_SIZE || (number == options.users && !members.is_empty()) {
            group_count += 1;
            let id = random.guid();
            let name = format!("Team {group_count}");
            groups.write_all(if group_count == 1 { b"\n" } else { b",\n" })?;
            write_group(&mut groups, id, &name, &members)?;
            members.clear();
            if group_count % 2 == 1 {
                assignments.write(random.guid(), id, "Group", &name, roles[random.below(roles.len())])?;
            }
        }
    }
    for group in 0..options.groups {
        groups.write_all(if group == 0 { b"\n" } else { b",\n" })?;
        let members: Vec<Uuid> = (0..options.members.min(ids.len()))
            .map(|member| ids[(group * options.members + member) % ids.len()])
            .collect();
        write_group(&mut groups, random.guid(), &format!("Team {}", group + 1), &members)?;
    }
    if options.groups > 0 {
        write_managers(&mut create("managers.csv")?, &ids)?;
    }
    if options.format == Format::Json {
        writeln!(users, "\n]}}")?;
    }
    writeln!(assignments.out, "\n]}}")?;
    writeln!(groups, "\n]}}")?;
    users.flush()?;
    assignments.out.flush()?;
    groups.flush()
}

const GRAPH: &str = "https://graph.microsoft.com/v1.0/$metadata#";

struct Assignments<W> {
    out: W,
    resource: Uuid,
    first: bool,
}

impl<W: Write> Assignments<W> {
    fn write(&mut self, id: Uuid, principal: Uuid, kind: &str, name: &str, role: Uuid) -> io::Result<()> {
        if !std::mem::take(&mut self.first) {
            self.out.write_all(b",\n")?;
        }
        write!(
            self.out,
            "{{\"id\":\"{id}\",\"deletedDateTime\":null,\"appRoleId\":\"{role}\",\
             \"createdDateTime\":\"2026-03-01T10:00:00Z\",\"principalDisplayName\":\"{name}\",\
             \"principalId\":\"{principal}\",\"principalType\":\"{kind}\",\"resourceDisplayName\":\"WEDO\",\
             \"resourceId\":\"{}\"}}",
            self.resource,
        )
    }
}

fn write_group(out: &mut impl Write, id: Uuid, name: &str, members: &[Uuid]) -> io::Result<()> {
    write!(out, "{{\"id\":\"{id}\",\"displayName\":\"{name}\",\"securityEnabled\":true,\"members\":[")?;
    for (index, member) in members.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(out, "{comma}{{\"@odata.type\":\"#microsoft.graph.user\",\"id\":\"{member}\"}}")?;
    }
    out.write_all(b"]}")
}

fn write_application(out: &mut impl Write, id: Uuid, roles: &[Uuid], random: &mut Random) -> io::Result<()> {
    let (app_id, tenant) = (random.guid(), random.guid());
    writeln!(
        out,
        "{{\n  \"id\": \"{id}\",\n  \"appId\": \"{app_id}\",\n  \"displayName\": \"WEDO\",\n  \
         \"servicePrincipalType\": \"Application\",\n  \"appOwnerOrganizationId\": \"{tenant}\",\n  \"appRoles\": ["
    )?;
    for (index, (id, (value, name))) in roles.iter().zip(ROLES).enumerate() {
        let comma = if index + 1 == roles.len() { "" } else { "," };
        writeln!(
            out,
            "    {{ \"id\": \"{id}\", \"value\": \"{value}\", \"displayName\": \"{name}\", \"isEnabled\": true, \
             \"allowedMemberTypes\": [\"User\"] }}{comma}"
        )?;
    }
    writeln!(out, "  ]\n}}")?;
    out.flush()
}

/// Everybody reports to somebody before them in the list, ten to each.
fn manager_of(number: usize, ids: &[Uuid]) -> Option<Uuid> {
    ids.get(number.checked_sub(2)? / 10).copied()
}

fn write_managers(out: &mut impl Write, ids: &[Uuid]) -> io::Result<()> {
    writeln!(out, "userId,managerId")?;
    for (number, id) in (1..).zip(ids) {
        if let Some(manager) = manager_of(number, ids) {
            writeln!(out, "{id},{manager}")?;
        }
    }
    out.flush()
}

fn write_settings(options: &Options, users: &str) -> io::Result<()> {
    let (managers, scope) =
        if options.groups > 0 { ("managers = \"managers.csv\"\n", "all") } else { ("", "assigned") };
    let text = format!(
        "job = \"generated\"\n\n[source]\nusers = \"{users}\"\ngroups = \"groups.json\"\n{managers}\
         application = \"application.json\"\nassignments = \"appRoleAssignedTo.json\"\n\n\
         [provisioning]\nmapping = \"{}\"\nscope = \"{scope}\"\n",
        options.mapping
    );
    fs::write(options.out.join("scimulate.toml"), text)
}
