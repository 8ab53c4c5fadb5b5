//! The members that user objects of a JSON export have: learnt once, then each leads to its slot.

use rustc_hash::FxHashMap;

use crate::directory::canonical_name;

/// Number of a member, the same for all objects.
pub(super) type KeyId = usize;
/// Number of an object inside the user object; 0 is the user itself.
pub(super) type NodeId = usize;

/// What a member is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Id,
    Name,
    Enabled,
    Deleted,
    /// `@removed` of delta pages.
    Removed,
    /// `manager`: of an expanded object only its id.
    Manager,
    /// Annotations such as `@odata.type`.
    Annotation,
    Attribute,
}

#[derive(Debug, Clone)]
pub(super) struct Key {
    name: String,
    /// Canonical name of the attribute, with the names of the objects around it.
    pub(super) attribute: String,
    pub(super) used: Use,
    pub(super) child: Option<NodeId>,
    /// Whether a text, number, boolean, null or list was seen.
    pub(super) has_value: bool,
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// Dotted path with a final dot; empty for the user itself.
    prefix: String,
    keys: Vec<KeyId>,
    index: FxHashMap<String, KeyId>,
}

#[derive(Debug, Clone)]
pub(super) struct Keys {
    nodes: Vec<Node>,
    keys: Vec<Key>,
}

/// More different members than this are no attributes but data used as names.
pub(super) const LIMIT: usize = 10_000;

impl Default for Keys {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], keys: Vec::new() }
    }
}

impl Keys {
    /// The member of a node. `expected` counts the members met so far in this object: objects of one
    /// export mostly have theirs in the same order.
    pub(super) fn find(&mut self, node: NodeId, expected: usize, name: &str) -> Option<KeyId> {
        let place = &self.nodes[node];
        if let Some(key) = place.keys.get(expected)
            && self.keys[*key].name == name
        {
            return Some(*key);
        }
        if let Some(key) = place.index.get(name) {
            return Some(*key);
        }
        self.learn(node, name)
    }

    fn learn(&mut self, node: NodeId, name: &str) -> Option<KeyId> {
        if self.keys.len() >= LIMIT {
            return None;
        }
        let id = self.keys.len();
        let path = format!("{}{name}", self.nodes[node].prefix);
        let attribute = canonical_name(&path).to_owned();
        let used = match (node, attribute.as_str()) {
            (0, "@removed") => Use::Removed,
            _ if name.contains('@') => Use::Annotation,
            (0, "objectId") => Use::Id,
            (0, "userPrincipalName") => Use::Name,
            (0, "accountEnabled") => Use::Enabled,
            (0, "deletedDateTime") => Use::Deleted,
            (0, "manager") => Use::Manager,
            _ => Use::Attribute,
        };
        self.keys.push(Key { name: name.to_owned(), attribute, used, child: None, has_value: false });
        self.nodes[node].keys.push(id);
        self.nodes[node].index.insert(name.to_owned(), id);
        Some(id)
    }

    /// The node of a member whose value is an object.
    pub(super) fn child(&mut self, key: KeyId, parent: NodeId) -> NodeId {
        if let Some(child) = self.keys[key].child {
            return child;
        }
        let prefix = format!("{}{}.", self.nodes[parent].prefix, self.keys[key].name);
        self.nodes.push(Node { prefix, ..Node::default() });
        let child = self.nodes.len() - 1;
        self.keys[key].child = Some(child);
        child
    }

    pub(super) fn get(&self, key: KeyId) -> &Key {
        &self.keys[key]
    }

    pub(super) fn has_value(&mut self, key: KeyId) {
        self.keys[key].has_value = true;
    }

    /// Keys in the order in which they were met.
    pub(super) fn iter(&self) -> impl Iterator<Item = (KeyId, &Key)> {
        self.keys.iter().enumerate()
    }

    /// Keys of an object.
    pub(super) fn of_node(&self, node: NodeId) -> &[KeyId] {
        &self.nodes[node].keys
    }

    /// Whether some user has a value or a null under this canonical name.
    pub(super) fn has(&self, attribute: &str) -> bool {
        // Where the object around it is null, so is the attribute.
        let parent = match attribute.split_once('.') {
            Some((parent, _)) => Some(parent),
            None if attribute.starts_with("extensionAttribute") => Some("onPremisesExtensionAttributes"),
            None => None,
        };
        self.keys.iter().any(|key| key.is_column() && key.attribute == attribute)
            || self.nodes[0].keys.iter().any(|key| {
                let key = &self.keys[*key];
                key.has_value && parent == Some(key.name.as_str())
            })
    }
}

impl Key {
    pub(super) fn is_column(&self) -> bool {
        self.has_value && self.child.is_none() && !matches!(self.used, Use::Removed | Use::Annotation)
    }
}
