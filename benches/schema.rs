//! How long schemas take: reading, compiling, cutting out of a wrapping; small ones and huge ones.
//!
//! `cargo bench --bench schema`

use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;
use scimulate::schema::{self, CompileOptions};
use serde_json::{Value, json};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// The template `scim` with so many further attributes at both ends and mappings between them, inside a job.
fn document(attributes: usize) -> String {
    let template = schema::template("scim").expect("it is built in");
    let mut schema: Value = serde_json::from_str(template.text).expect("it is JSON");
    for number in 0..attributes {
        let definition = |name: String| {
            json!({ "anchor": false, "caseExact": false, "defaultValue": null, "flowNullValues": false,
                "multivalued": false, "mutability": "ReadWrite", "name": name, "required": false, "type": "String",
                "apiExpressions": [], "metadata": [], "referencedObjects": [] })
        };
        let (source, target) =
            (format!("extension_0a_Attribute{number}"), format!("urn:contoso:2.0:User:value{number}"));
        let expression = format!("Replace(Append([{source}], \"-{number}\"), , \"^[a-z]{{2}}\", , \"$&.\", , )");
        let mapping = json!({ "defaultValue": null, "exportMissingReferences": false, "flowBehavior": "FlowWhenChanged",
            "flowType": "Always", "matchingPriority": 0, "targetAttributeName": target,
            "source": { "expression": expression, "name": "Replace", "type": "Function", "parameters": [] } });
        let list = |value: &mut Value, item: Value| value.as_array_mut().expect("a list").push(item);
        list(&mut schema["directories"][0]["objects"][0]["attributes"], definition(source));
        list(&mut schema["directories"][1]["objects"][0]["attributes"], definition(target));
        list(&mut schema["synchronizationRules"][0]["objectMappings"][1]["attributeMappings"], mapping);
    }
    format!("{:#}", json!({ "id": "job", "schema": schema }))
}

/// About 130 KB and about 5 MB.
const ATTRIBUTES: [usize; 2] = [40, 2900];

#[divan::bench(args = ATTRIBUTES)]
fn read_and_compile(bencher: Bencher<'_, '_>, attributes: usize) {
    let text = document(attributes);
    bencher.counter(BytesCount::new(text.len())).bench_local(|| {
        let document = schema::read(black_box(&text), "schema.json").expect("it is a schema");
        schema::compile(&document, &CompileOptions::default()).expect("it compiles")
    });
}

#[divan::bench(args = ATTRIBUTES)]
fn check(bencher: Bencher<'_, '_>, attributes: usize) {
    let text = document(attributes);
    let document = schema::read(&text, "schema.json").expect("it is a schema");
    bencher.bench_local(|| schema::check(black_box(&document), &CompileOptions::default()).findings.len());
}

#[divan::bench(args = ATTRIBUTES)]
fn read_and_rewrite(bencher: Bencher<'_, '_>, attributes: usize) {
    let text = document(attributes);
    bencher
        .counter(BytesCount::new(text.len()))
        .bench_local(|| schema::read(black_box(&text), "schema.json").expect("it is a schema").schema_text().len());
}
