//! The application: its manifest, or its service principal as Graph and PowerShell give it.

use std::ops::ControlFlow;

use serde::Deserialize as _;
use serde::de::IgnoredAny;
use serde_json::Value;
use uuid::Uuid;

use super::SourceError;
use super::files::{FileSummary, Input};
use super::findings::Findings;
use super::json_file::{each_object, parse};
use super::roles::RoleBook;
use super::users::{is_json, json_format};
use crate::base::Diagnostic;
use crate::directory::AppRole;

/// What the application file says about the application itself; its roles are in
/// [`crate::directory::Entitlements::roles`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Application {
    /// `appId`, the client id.
    pub app_id: Option<Uuid>,
    /// Object id of the service principal; an application's manifest doesn't have it.
    pub service_principal_id: Option<Uuid>,
    /// `displayName`, in manifests `name`.
    pub display_name: Option<String>,
    /// `appOwnerOrganizationId`: the tenant that the application was registered in.
    pub tenant_id: Option<Uuid>,
}

pub(super) fn read(
    input: &Input,
    roles: &mut RoleBook,
    findings: &mut Findings,
) -> Result<(Application, FileSummary), SourceError> {
    let mut found: Option<Value> = None;
    let mut format = String::new();
    let mut objects = 0;
    for file in &input.files {
        if !is_json(file)? {
            return Err(SourceError::json(
                Diagnostic::error("the application must be a JSON object").in_file(&file.name).with_hint(HINT),
            ));
        }
        let ending = each_object(file, &mut |bytes, _| {
            let length = if found.is_none() {
                let (value, length) = parse(std::marker::PhantomData::<Value>, bytes)?;
                found = Some(value);
                length
            } else {
                parse(std::marker::PhantomData::<IgnoredAny>, bytes)?.1
            };
            Ok((length, ControlFlow::Continue(())))
        })?;
        format = json_format(&ending);
        objects += ending.objects;
    }
    let name = input.path.display().to_string();
    let Some(object) = found.filter(|object| member(object, "appRoles").is_some() || text(object, "appId").is_some())
    else {
        return Err(SourceError::json(
            Diagnostic::error("this is no application: it has neither `appRoles` nor `appId`")
                .in_file(name)
                .with_hint(HINT),
        ));
    };
    if objects > 1 {
        findings.add(|| {
            Diagnostic::warning(format!("{objects} applications were found, the first is used"))
                .in_file(&name)
                .with_hint("export only the application in question")
        });
    }
    roles.declare();
    match member(&object, "appRoles") {
        Some(Value::Array(list)) => list.iter().for_each(|role| add_role(role, &name, roles, findings)),
        // PowerShell writes a list of one as that one.
        Some(role @ Value::Object(_)) => add_role(role, &name, roles, findings),
        _ => findings.add(|| {
            Diagnostic::warning("it has no `appRoles`, so every assignment with a role is unknown")
                .in_file(&name)
                .in_field("appRoles")
                .with_hint("add `appRoles` to `$select` and export again")
        }),
    }
    let summary = FileSummary {
        kind: input.kind,
        path: input.path.clone(),
        files: input.files.len(),
        format,
        rows: Some(objects),
    };
    Ok((describe(&object), summary))
}

const HINT: &str = "use the manifest from the app registration, or `GET /servicePrincipals/{id}` of Graph";

fn describe(object: &Value) -> Application {
    let is_service_principal =
        ["servicePrincipalType", "servicePrincipalNames", "appOwnerOrganizationId", "appOwnerTenantId"]
            .iter()
            .any(|name| member(object, name).is_some())
            || ["@odata.type", "@odata.context", "odata.type"]
                .iter()
                .any(|name| text(object, name).is_some_and(|text| text.to_lowercase().contains("serviceprincipal")));
    let guid = |name: &str| text(object, name).and_then(|text| Uuid::try_parse(text).ok());
    Application {
        app_id: guid("appId"),
        service_principal_id: guid("id").or_else(|| guid("objectId")).filter(|_| is_service_principal),
        display_name: text(object, "displayName").or_else(|| text(object, "name")).map(str::to_owned),
        tenant_id: guid("appOwnerOrganizationId").or_else(|| guid("appOwnerTenantId")),
    }
}

fn add_role(role: &Value, file: &str, roles: &mut RoleBook, findings: &mut Findings) {
    let Some(id) = text(role, "id").and_then(|id| Uuid::try_parse(id).ok()) else {
        findings.add(|| {
            Diagnostic::warning("an app role without a GUID as `id` is left out").in_file(file).in_field("appRoles")
        });
        return;
    };
    let value = text(role, "value").filter(|value| !value.is_empty()).map(str::to_owned);
    let display_name =
        text(role, "displayName").map(str::to_owned).or_else(|| value.clone()).unwrap_or_else(|| id.to_string());
    let enabled = member(role, "isEnabled").is_none_or(|enabled| enabled.as_bool().unwrap_or(true));
    let allowed_member_types = match member(role, "allowedMemberTypes") {
        Some(types @ Value::Array(_)) => Vec::<String>::deserialize(types).unwrap_or_default(),
        Some(Value::String(kind)) => vec![kind.clone()],
        _ => vec!["User".to_owned()],
    };
    let added = roles.add(AppRole { id, value, display_name, enabled, allowed_member_types });
    if added.is_none() {
        findings.add(|| {
            Diagnostic::warning("there are too many app roles, the rest is left out").in_file(file).in_field("appRoles")
        });
    }
}

/// A member of an object, letter case aside: PowerShell writes `AppRoles`.
fn member<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    object.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn text<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    member(object, name)?.as_str()
}
