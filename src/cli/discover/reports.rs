//! Accounts as reports, and as JSON on stdout.

use std::io::{self, Write};

use crate::cli::error::Error;
use crate::cli::printer::{OutputError, Printed, Printer};
use crate::cli::reports::Form;
use crate::event::discovery::Discovery;
use crate::report::{DiscoveryJson, discovery_csv, discovery_html};

/// The forms that there are.
pub(super) const FORMS: [Form; 3] = [Form::Csv, Form::Json, Form::Html];

/// A report as its file holds it.
pub(super) fn report(form: Form, discovery: &Discovery) -> String {
    let mut bytes = Vec::new();
    let written = match form {
        Form::Csv => discovery_csv(discovery, &mut bytes),
        Form::Json => write_json(discovery, &mut bytes),
        _ => return discovery_html(discovery),
    };
    written.expect("memory can be written to");
    String::from_utf8(bytes).expect("accounts are written as UTF-8")
}

/// The document on stdout.
pub(super) fn print_json(discovery: &Discovery, printer: &Printer) -> Result<(), Error> {
    Ok(write_json(discovery, &mut Printed(printer)).map_err(OutputError::from)?)
}

fn write_json(discovery: &Discovery, to: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, &DiscoveryJson(discovery))?;
    to.write_all(b"\n")
}
