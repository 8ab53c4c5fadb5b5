//! Users for checks that need somebody, whoever it is.

use crate::check::probe::{Object, Probe, Stop};
use crate::schema::ObjectKind;

const USER: ObjectKind = ObjectKind::User;

/// A user with all mapped attributes; where the endpoint refuses that, one with a name and what it is matched by. What is
/// refused is for another check to say.
pub(super) async fn somebody(probe: &Probe) -> Result<Object, Stop> {
    let refusal = match probe.user().await {
        Err(stop @ Stop::Blocked { .. }) => stop,
        made => return made,
    };
    let mapping = probe.mapping(USER);
    let mut values = probe.values(USER, &probe.person(), 0);
    let all = values.len();
    values.retain(|(index, _)| {
        let target = &mapping.attributes[*index].target;
        let is_name =
            ["userName", "name", "displayName"].iter().any(|name| target.path.attribute.eq_ignore_ascii_case(name));
        is_name || target.required || mapping.matching.contains(index) || mapping.active == Some(*index)
    });
    if values.len() == all {
        return Err(refusal);
    }
    match probe.object_of(USER, values).await {
        Err(Stop::Blocked { .. }) => Err(refusal),
        made => made,
    }
}
