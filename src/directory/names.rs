//! One attribute, three spellings: the schema's, Graph's and the portal's.

/// Names that Graph or the portal's downloads spell differently from the schema.
const ALIASES: &[(&str, &str)] = &[
    ("id", "objectId"),
    ("object id", "objectId"),
    ("object_id", "objectId"),
    ("user principal name", "userPrincipalName"),
    ("display name", "displayName"),
    ("first name", "givenName"),
    ("last name", "surname"),
    ("job title", "jobTitle"),
    ("mobilephone", "mobile"),
    ("businessphones", "telephoneNumber"),
    ("businessphones[0]", "telephoneNumber"),
    ("officelocation", "physicalDeliveryOfficeName"),
    ("faxnumber", "facsimileTelephoneNumber"),
    ("alternateemailaddress", "otherMails"),
    ("alternateemailaddresses", "otherMails"),
    ("zip", "postalCode"),
    ("account enabled", "accountEnabled"),
    ("block credential", "blockCredential"),
    ("directorysynced", "dirSyncEnabled"),
    ("onpremisessyncenabled", "dirSyncEnabled"),
    ("usertype", "userType"),
];

/// Source attributes of the Entra user that exported schemas list.
const KNOWN: &[&str] = &[
    "IsSoftDeleted",
    "accountEnabled",
    "ageGroup",
    "alternativeSecurityIds",
    "appRoleAssignments",
    "assignedPlans",
    "city",
    "companyName",
    "consentProvidedForMinor",
    "country",
    "createdDateTime",
    "creationType",
    "deletedDateTime",
    "department",
    "dirSyncEnabled",
    "displayName",
    "employeeHireDate",
    "employeeId",
    "employeeLeaveDateTime",
    "employeeOrgData.costCenter",
    "employeeOrgData.division",
    "employeeType",
    "extensionAttribute1",
    "extensionAttribute10",
    "extensionAttribute11",
    "extensionAttribute12",
    "extensionAttribute13",
    "extensionAttribute14",
    "extensionAttribute15",
    "extensionAttribute2",
    "extensionAttribute3",
    "extensionAttribute4",
    "extensionAttribute5",
    "extensionAttribute6",
    "extensionAttribute7",
    "extensionAttribute8",
    "extensionAttribute9",
    "facsimileTelephoneNumber",
    "givenName",
    "identityIssuer",
    "invitationState",
    "isSoftDeleted",
    "jobTitle",
    "legalAgeGroupClassification",
    "mail",
    "mailNickname",
    "manager",
    "mobile",
    "netId",
    "objectId",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesImmutableId",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesUserPrincipalName",
    "originalUserPrincipalName",
    "otherMails",
    "passwordProfile.password",
    "physicalDeliveryOfficeName",
    "postalCode",
    "preferredLanguage",
    "proxyAddresses",
    "sipProxyAddress",
    "state",
    "streetAddress",
    "surname",
    "telephoneNumber",
    "usageLocation",
    "userPrincipalName",
    "userType",
];

/// Names of group attributes that Graph or the portal's downloads spell differently from the schema.
const GROUP_ALIASES: &[(&str, &str)] = &[
    ("id", "objectId"),
    ("object id", "objectId"),
    ("object_id", "objectId"),
    ("display name", "displayName"),
    ("mail nickname", "mailNickname"),
    ("mail enabled", "mailEnabled"),
    ("security enabled", "securityEnabled"),
    ("directorysynced", "dirSyncEnabled"),
    ("onpremisessyncenabled", "dirSyncEnabled"),
];

/// Attributes of the Entra group in the schema's spelling, or Graph's where schemas don't list them.
const KNOWN_OF_GROUPS: &[&str] = &[
    "IsSoftDeleted",
    "classification",
    "createdDateTime",
    "description",
    "dirSyncEnabled",
    "displayName",
    "groupTypes",
    "isAssignableToRole",
    "mail",
    "mailEnabled",
    "mailNickname",
    "members",
    "membershipRule",
    "objectId",
    "onPremisesDomainName",
    "onPremisesNetBiosName",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "preferredDataLocation",
    "preferredLanguage",
    "proxyAddresses",
    "securityEnabled",
    "securityIdentifier",
    "visibility",
];

/// The schema's spelling of a user's attribute that an export names in its own way. Names that nobody
/// knows (extensions) stay as they are.
pub fn canonical_name(exported: &str) -> &str {
    canonical(exported, ALIASES, KNOWN)
}

/// The schema's spelling of a group's attribute that an export names in its own way, as
/// [`canonical_name`] gives it for users.
pub fn canonical_group_name(exported: &str) -> &str {
    canonical(exported, GROUP_ALIASES, KNOWN_OF_GROUPS)
}

fn canonical<'n>(exported: &'n str, aliases: &[(&str, &'n str)], known: &[&'n str]) -> &'n str {
    let name = exported.trim();
    let name = name.strip_prefix("onPremisesExtensionAttributes.").unwrap_or(name);
    if let Some((_, canonical)) = aliases.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name)) {
        return canonical;
    }
    known.iter().find(|known| known.eq_ignore_ascii_case(name)).copied().unwrap_or(name)
}

/// Whether the schema of the Entra user has an attribute of this spelling, or it is an extension.
pub fn is_known_attribute(name: &str) -> bool {
    KNOWN.binary_search(&name).is_ok() || name.starts_with("extension_")
}

/// The attributes of the Entra user that exported schemas list, in alphabetical order.
pub fn known_attributes() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_meet() {
        for (exported, canonical) in [
            ("id", "objectId"),
            ("ObjectId", "objectId"),
            ("mobilePhone", "mobile"),
            ("mobile", "mobile"),
            ("officeLocation", "physicalDeliveryOfficeName"),
            ("businessPhones[0]", "telephoneNumber"),
            ("onPremisesExtensionAttributes.extensionAttribute1", "extensionAttribute1"),
            ("UserPrincipalName", "userPrincipalName"),
            ("extension_0f_Shoe", "extension_0f_Shoe"),
        ] {
            assert_eq!(canonical_name(exported), canonical);
        }
    }

    #[test]
    fn spellings_of_groups_meet() {
        for (exported, canonical) in [
            ("Id", "objectId"),
            ("DisplayName", "displayName"),
            ("MailNickname", "mailNickname"),
            ("onPremisesSyncEnabled", "dirSyncEnabled"),
            ("onPremisesExtensionAttributes.extensionAttribute1", "extensionAttribute1"),
            ("mobilePhone", "mobilePhone"),
            ("extension_0f_Shoe", "extension_0f_Shoe"),
        ] {
            assert_eq!(canonical_group_name(exported), canonical);
        }
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(KNOWN.is_sorted());
        assert!(is_known_attribute("jobTitle") && !is_known_attribute("jobtitle"));
    }
}
