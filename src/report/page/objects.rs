//! A list of objects, each a row that is whole by itself, with more below it.
//!
//! What is below the rows stands in the page as it is while there are few objects, else packed (see [`super::pack`]), but
//! for failures: those are looked at first, and can be read without the script too.

use std::fmt::Write as _;

use minijinja::Value;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use url::form_urlencoded;

use super::pack::{CHUNK, Packer};
use crate::base::grouped;
use crate::report::markup::push_escaped;
use crate::report::prose::one_line;

/// With more objects than this, what is below their rows is packed.
const STATIC: usize = 1000;
/// With no more objects than this, paper shows everything about them.
pub(in crate::report) const PRINTED: usize = 200;
/// Rows that a browser lays out together, or not at all while nobody sees them.
const BLOCK: usize = 50;
/// So many chips of one kind are offered; what is rarer can be searched for.
const CHIPS: usize = 12;

/// An object in one line.
pub(in crate::report) struct Row<'r> {
    /// Class of the tag.
    pub(in crate::report) class: &'static str,
    /// What the tag says.
    pub(in crate::report) action: &'static str,
    /// What it is called.
    pub(in crate::report) name: &'r str,
    /// What it is: `user`.
    pub(in crate::report) kind: &'static str,
    /// Why, in words.
    pub(in crate::report) reason: &'r str,
    /// What decided, the same for all that it decided.
    pub(in crate::report) rule: &'r str,
    /// A few words at the end of the row.
    pub(in crate::report) note: &'r str,
    /// What it can be found by beside what is shown.
    pub(in crate::report) ids: &'r [&'r str],
    /// Whether it failed.
    pub(in crate::report) failed: bool,
}

/// The list while it is made.
pub(in crate::report) struct ObjectList {
    packs: bool,
    rows: String,
    count: usize,
    /// Failures that stand in the page as they are.
    failed: usize,
    packer: Packer,
    facets: Vec<Facet>,
}

/// The list once all are in it: what leads to some of them is made now.
pub(in crate::report) struct Listed {
    count: usize,
    packed: String,
    rows: String,
    chunks: String,
    facets: Vec<Facet>,
}

/// What `objects.html` is given.
#[derive(Serialize)]
pub(in crate::report) struct ObjectsView {
    count: usize,
    /// How many are packed; empty for none.
    packed: String,
    chunk: usize,
    filters: Vec<Filter>,
    rows: Value,
    chunks: Value,
}

#[derive(Serialize)]
struct Filter {
    title: &'static str,
    name: &'static str,
    chips: Vec<Chip>,
    /// What is said of those that aren't offered; empty where all are.
    rest: String,
}

#[derive(Serialize)]
struct Chip {
    value: String,
    /// By which the rows name it.
    number: usize,
    count: String,
    /// It is only shown once a link has chosen it.
    is_hidden: bool,
}

impl ObjectList {
    /// A list of so many.
    pub(in crate::report) fn of(count: usize) -> Self {
        Self {
            packs: count > STATIC,
            rows: String::new(),
            count: 0,
            failed: 0,
            packer: Packer::default(),
            facets: vec![Facet::new("Action", "action"), Facet::new("Kind", "kind"), Facet::new("Reason", "reason")],
        }
    }

    /// Lets it be filtered by something more.
    pub(in crate::report) fn and_by(mut self, facet: Facet) -> Self {
        self.facets.push(facet);
        self
    }

    /// Calls action, kind and rule otherwise.
    pub(in crate::report) fn titled(mut self, titles: [&'static str; 3]) -> Self {
        for (facet, title) in self.facets.iter_mut().zip(titles) {
            facet.title = title;
        }
        self
    }

    /// Adds one; `inside` is what is below its row, one element.
    pub(in crate::report) fn push(&mut self, row: &Row<'_>, inside: &str) {
        self.push_with(row, &[], inside);
    }

    /// The same with the values of what it can be filtered by beside, each in the order of [`Self::and_by`].
    pub(in crate::report) fn push_with(&mut self, row: &Row<'_>, more: &[&[&str]], inside: &str) {
        if self.count.is_multiple_of(BLOCK) {
            self.rows.push_str(if self.count == 0 {
                "<ul class=\"block\">\n"
            } else {
                "</ul>\n<ul class=\"block\">\n"
            });
        }
        let (number, rule) = (self.count, one_line(row.rule));
        let own: [&[&str]; 3] = [&[row.action], &[row.kind], &[&rule]];
        let html = &mut self.rows;
        let _infallible = write!(html, "<li id=\"o-{number}\"");
        for (facet, values) in self.facets.iter_mut().zip(own.into_iter().chain(more.iter().copied())) {
            let _infallible = write!(html, " data-{}=\"", facet.name);
            for (at, value) in values.iter().enumerate() {
                let _infallible = write!(html, "{}{}", if at == 0 { "" } else { " " }, facet.add(value));
            }
            html.push('"');
        }
        html.push_str(" data-ids=\"");
        push_escaped(html, &one_line(&row.ids.join(" ")));
        let stays = !self.packs || (row.failed && self.failed < STATIC);
        self.failed += usize::from(row.failed);
        if stays {
            html.push_str("\"><details>");
        } else {
            let _infallible = write!(html, "\"><details data-at=\"{}\">", self.packer.push(inside));
        }
        let _infallible = write!(html, "<summary><span class=\"outcome {}\">{}</span>", row.class, row.action);
        for (tags, text) in [
            (["<b class=\"name\">", "</b>"], row.name),
            (["<span class=\"what\">", "</span>"], row.kind),
            (["<span class=\"why\">", "</span>"], row.reason),
            (["<span class=\"took\">", "</span>"], row.note),
        ] {
            html.push_str(tags[0]);
            push_escaped(html, &one_line(text));
            html.push_str(tags[1]);
        }
        html.push_str("</summary>");
        if stays {
            html.push_str(inside);
        }
        html.push_str("</details></li>\n");
        self.count += 1;
    }

    /// The whole list.
    pub(in crate::report) fn finish(mut self) -> Listed {
        if self.count > 0 {
            self.rows.push_str("</ul>\n");
        }
        Listed {
            count: self.count,
            packed: match self.packer.count() {
                0 => String::new(),
                packed => grouped(packed as u64),
            },
            rows: self.rows,
            chunks: self.packer.finish(),
            facets: self.facets,
        }
    }
}

impl Listed {
    /// What follows the `#` of a link to those that have these values; `None` where nobody has one of them.
    pub(in crate::report) fn link(&mut self, values: &[(&str, &str)]) -> Option<String> {
        let mut chosen = Vec::new();
        for (name, value) in values {
            let at = self.facets.iter().position(|facet| facet.name == *name)?;
            let number = *self.facets[at].numbers.get(*value)?;
            if self.facets[at].values[number].1 == 0 {
                return None;
            }
            chosen.push((at, number));
        }
        for (at, number) in chosen {
            self.facets[at].linked.insert(number);
        }
        Some(form_urlencoded::Serializer::new(String::new()).extend_pairs(values).finish())
    }

    /// What the template is given.
    pub(in crate::report) fn view(self) -> ObjectsView {
        ObjectsView {
            count: self.count,
            packed: self.packed,
            chunk: CHUNK,
            filters: self.facets.into_iter().map(Facet::filter).collect(),
            rows: Value::from_safe_string(self.rows),
            chunks: Value::from_safe_string(self.chunks),
        }
    }
}

/// Something by which objects can be filtered, with its values in the order in which they came.
pub(in crate::report) struct Facet {
    title: &'static str,
    name: &'static str,
    /// Whether that order counts, so that of many values the first are offered, not the most frequent.
    is_ordered: bool,
    numbers: FxHashMap<String, usize>,
    values: Vec<(String, u64)>,
    /// Values that a link of the page names, by their numbers.
    linked: FxHashSet<usize>,
}

impl Facet {
    /// One whose values come with the rows; `name` is that of its attribute, `data-name`.
    pub(in crate::report) fn new(title: &'static str, name: &'static str) -> Self {
        Self {
            title,
            name,
            is_ordered: false,
            numbers: FxHashMap::default(),
            values: Vec::new(),
            linked: FxHashSet::default(),
        }
    }

    /// One whose values are known, in the order in which they are offered.
    pub(in crate::report) fn ordered(
        title: &'static str,
        name: &'static str,
        values: impl Iterator<Item = String>,
    ) -> Self {
        let values: Vec<_> = values.map(|value| (value, 0)).collect();
        let numbers = values.iter().enumerate().map(|(number, (value, _))| (value.clone(), number)).collect();
        Self { is_ordered: true, numbers, values, ..Self::new(title, name) }
    }

    fn add(&mut self, value: &str) -> usize {
        let number = self.numbers.get(value).copied().unwrap_or_else(|| {
            self.numbers.insert(value.to_owned(), self.values.len());
            self.values.push((value.to_owned(), 0));
            self.values.len() - 1
        });
        self.values[number].1 += 1;
        number
    }

    fn filter(self) -> Filter {
        let Self { title, name, is_ordered, linked, .. } = self;
        let mut values: Vec<_> = self.values.into_iter().enumerate().filter(|(_, (_, count))| *count > 0).collect();
        if values.len() > CHIPS && !is_ordered {
            values.sort_by_key(|(_, (_, count))| std::cmp::Reverse(*count));
        }
        if values.len() == 1 && linked.is_empty() {
            // A choice of one is none.
            values.clear();
        }
        let rarer = values.len().saturating_sub(CHIPS);
        let rest = match rarer {
            0 => String::new(),
            rarer if is_ordered => format!("and {} earlier", grouped(rarer as u64)),
            rarer => format!("and {} rarer: search for them", grouped(rarer as u64)),
        };
        let chip = |(place, (number, (value, count))): (usize, (usize, (String, u64)))| {
            let is_hidden = place >= CHIPS;
            (!is_hidden || linked.contains(&number)).then(|| Chip { value, number, count: grouped(count), is_hidden })
        };
        Filter { title, name, chips: values.into_iter().enumerate().filter_map(chip).collect(), rest }
    }
}
