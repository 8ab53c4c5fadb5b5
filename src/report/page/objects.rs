//! A list of objects, each a row that is whole by itself, with more below it.
//!
//! What is below the rows stands in the page as it is while there are few objects, else packed (see [`super::pack`]), but
//! for failures: those are looked at first, and can be read without the script too.

use std::fmt::Write as _;

use minijinja::Value;
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::pack::{CHUNK, Packer};
use crate::base::grouped;
use crate::report::markup::push_escaped;
use crate::report::prose::one_line;

/// With more objects than this, what is below their rows is packed.
const STATIC: usize = 1000;
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
    actions: Facet,
    kinds: Facet,
    rules: Facet,
    /// What these three are called.
    titles: [&'static str; 3],
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
    rarer: usize,
}

#[derive(Serialize)]
struct Chip {
    value: String,
    /// By which the rows name it.
    number: usize,
    count: String,
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
            actions: Facet::default(),
            kinds: Facet::default(),
            rules: Facet::default(),
            titles: ["Action", "Kind", "Reason"],
        }
    }

    /// Calls action, kind and rule otherwise.
    pub(in crate::report) fn titled(self, titles: [&'static str; 3]) -> Self {
        Self { titles, ..self }
    }

    /// Adds one; `inside` is what is below its row, one element.
    pub(in crate::report) fn push(&mut self, row: &Row<'_>, inside: &str) {
        if self.count.is_multiple_of(BLOCK) {
            self.rows.push_str(if self.count == 0 {
                "<ul class=\"block\">\n"
            } else {
                "</ul>\n<ul class=\"block\">\n"
            });
        }
        let facets = [self.actions.add(row.action), self.kinds.add(row.kind), self.rules.add(&one_line(row.rule))];
        let (number, [action, kind, rule]) = (self.count, facets);
        let html = &mut self.rows;
        let _infallible = write!(
            html,
            "<li id=\"o-{number}\" data-action=\"{action}\" data-kind=\"{kind}\" data-reason=\"{rule}\" data-ids=\""
        );
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
    pub(in crate::report) fn finish(mut self) -> ObjectsView {
        if self.count > 0 {
            self.rows.push_str("</ul>\n");
        }
        ObjectsView {
            count: self.count,
            packed: match self.packer.count() {
                0 => String::new(),
                packed => grouped(packed as u64),
            },
            chunk: CHUNK,
            filters: vec![
                self.actions.filter(self.titles[0], "action"),
                self.kinds.filter(self.titles[1], "kind"),
                self.rules.filter(self.titles[2], "reason"),
            ],
            rows: Value::from_safe_string(self.rows),
            chunks: Value::from_safe_string(self.packer.finish()),
        }
    }
}

/// Something by which objects can be filtered, with its values in the order in which they came.
#[derive(Default)]
struct Facet {
    numbers: FxHashMap<String, usize>,
    values: Vec<(String, u64)>,
}

impl Facet {
    fn add(&mut self, value: &str) -> usize {
        let number = self.numbers.get(value).copied().unwrap_or_else(|| {
            self.numbers.insert(value.to_owned(), self.values.len());
            self.values.push((value.to_owned(), 0));
            self.values.len() - 1
        });
        self.values[number].1 += 1;
        number
    }

    fn filter(self, title: &'static str, name: &'static str) -> Filter {
        let mut values: Vec<_> = self.values.into_iter().enumerate().collect();
        if values.len() > CHIPS {
            values.sort_by_key(|(_, (_, count))| std::cmp::Reverse(*count));
        }
        let rarer = values.len().saturating_sub(CHIPS);
        let chip = |(number, (value, count)): (usize, (String, u64))| Chip { value, number, count: grouped(count) };
        Filter { title, name, chips: values.into_iter().take(CHIPS).map(chip).collect(), rarer }
    }
}
