use jiff::civil::{Date, DateTime, date};
use proptest::prelude::*;

use super::{Layout, Moment, Styles, StylesError, Zone, parse};

const TODAY: Date = date(2026, 11, 23);

#[test]
fn dates_of_any_form() {
    let check = |text: &str, expected: Option<&str>| {
        let read = parse(text, TODAY).map(|at| at.to_string());
        assert_eq!(read.as_deref(), expected, "{text}");
    };
    check("2020-03-16-07:00", Some("2020-03-16T07:00:00"));
    check("2009-06-15T01:45:30-07:00", Some("2009-06-15T08:45:30"));
    check("2009-06-15T01:45:30.1234567Z", Some("2009-06-15T01:45:30.1234567"));
    check("2013-01-10 4:00 PM -8", Some("2013-01-11T00:00:00"));
    check("2012-01-01 23:00:00", Some("2012-01-01T23:00:00"));
    check("20150123105347.1Z", None);
    check("3/16/2020 7:00:00 AM", Some("2020-03-16T07:00:00"));
    check("12/31/2020 12:00:00 AM", Some("2020-12-31T00:00:00"));
    check("3/16/20", Some("2020-03-16T00:00:00"));
    check("3/16/50", Some("1950-03-16T00:00:00"));
    check("13/1/2020", None);
    check("16 March 2020", Some("2020-03-16T00:00:00"));
    check("16-Mar-2020 13:05", Some("2020-03-16T13:05:00"));
    check("Mar 16, 2020", Some("2020-03-16T00:00:00"));
    check("March 2020", Some("2020-03-01T00:00:00"));
    check("2020/3/6", Some("2020-03-06T00:00:00"));
    check("2020.03.16", Some("2020-03-16T00:00:00"));
    check("Mon, 16 Mar 2020 07:00:00 GMT", Some("2020-03-16T07:00:00"));
    check("Tue, 16 Mar 2020 07:00:00 GMT", None);
    check("2020-02-29", Some("2020-02-29T00:00:00"));
    check("2021-02-29", None);
    check("9999-12-31", Some("9999-12-31T00:00:00"));
    check("9999-12-31T23:00:00-07:00", None);
    check("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00"));
    check("2020-03-16T24:00:00", None);
    check("2020-03-16T", None);
    check("2020-03-16 7", None);
    check("2020-03/16", None);
    check("2020-03-16 +15:00", None);
    check("7:00", Some("2026-11-23T07:00:00"));
    check("4 PM -8", Some("2026-11-24T00:00:00"));
    check("Mon 7:00", Some("2026-11-23T07:00:00"));
    check("Tue 7:00", None);
    check("2020-03", Some("2020-03-01T00:00:00"));
    check("2020-03-07:00", None);
    check("3-16-07:00", None);
    check("March 16-07:00", None);
    check("3/16 4 PM", Some("2026-03-16T16:00:00"));
    check("2020 March", Some("2020-03-01T00:00:00"));
    check("03/2020", Some("2020-03-01T00:00:00"));
    check("3/16", Some("2026-03-16T00:00:00"));
    check("March 16", Some("2026-03-16T00:00:00"));
    check("March 32", None);
    check("Mar 16 7:00", Some("2026-03-16T07:00:00"));
    check("March 16, 2020 7:00", Some("2020-03-16T07:00:00"));
    check("2/29", None);
    check("16 March", None);
    check("16", None);
    check("March", None);
    check("tomorrow", None);
    check("", None);
    check("  2020-03-16  ", Some("2020-03-16T00:00:00"));
    check(&"1 ".repeat(5000), None);
}

#[test]
fn dates_of_one_form() {
    let read = |text: &str, format: &str, styles: &str| {
        let styles = Styles::parse(styles).unwrap();
        Layout::new(format).unwrap().parse(text, styles, TODAY).map(|moment| (moment.at.to_string(), moment.zone))
    };
    let check = |text: &str, format: &str, expected: Option<&str>| {
        assert_eq!(read(text, format, "").map(|read| read.0).as_deref(), expected, "{text} as {format}");
    };
    check("20150123105347.1Z", "yyyyMMddHHmmss.fZ", Some("2015-01-23T10:53:47.1"));
    check("12/31/2020 12:00:00 AM", "M/d/yyyy hh:mm:ss tt", Some("2020-12-31T00:00:00"));
    check("12/31/2020 12:30:00 PM", "M/d/yyyy hh:mm:ss tt", Some("2020-12-31T12:30:00"));
    check("12/31/2020 13:30:00 PM", "M/d/yyyy hh:mm:ss tt", None);
    check(" 1/2/2020 ", "M/d/yyyy", Some("2020-01-02T00:00:00"));
    check("1/2/2020", "MM/dd/yyyy", None);
    check("2025-12-31-05:00", "yyyy-MM-ddzzz", Some("2025-12-31T05:00:00"));
    check("2025-12-31+08:00", "yyyy-MM-ddzzz", Some("2025-12-30T16:00:00"));
    check("2025-12-31+8", "yyyy-MM-ddz", Some("2025-12-30T16:00:00"));
    check("2020-03-16T07:00:00.5Z", "yyyy-MM-ddTHH:mm:ss.FFFK", Some("2020-03-16T07:00:00.5"));
    check("2020-03-16T07:00:00Z", "yyyy-MM-ddTHH:mm:ss.FFFK", Some("2020-03-16T07:00:00"));
    check("2020-03-16T07:00:00", "s", Some("2020-03-16T07:00:00"));
    check("Mon, 16 Mar 2020 07:00:00 GMT", "r", Some("2020-03-16T07:00:00"));
    check("Tue, 16 Mar 2020 07:00:00 GMT", "r", None);
    check("16 march 2020", "d MMMM yyyy", Some("2020-03-16T00:00:00"));
    check("49", "yy", Some("2049-01-01T00:00:00"));
    check("50", "yy", Some("1950-01-01T00:00:00"));
    check("07:30", "HH:mm", Some("2026-11-23T07:30:00"));
    check("03-16", "MM-dd", Some("2026-03-16T00:00:00"));
    check("2020 16", "yyyy MM", None);
    check("2020-03-16x", "yyyy-MM-dd", None);
    check("on 16.3.", "'on' d.M.", Some("2026-03-16T00:00:00"));
    check("5", "%d", Some("2026-01-05T00:00:00"));
    check("2020 2021", "yyyy yyyy", None);
    assert_eq!(read(" 2020-03-16", "yyyy-MM-dd", "None"), None);
    assert_eq!(read("2020 - 03-16", "yyyy-MM-dd", "AllowWhiteSpaces").unwrap().0, "2020-03-16T00:00:00");
    assert_eq!(read("07:30", "HH:mm", "NoCurrentDateDefault").unwrap().0, "0001-01-01T07:30:00");
    assert_eq!(read("2020-03-16", "yyyy-MM-dd", "").unwrap().1, Zone::Unspecified);
    assert_eq!(read("2020-03-16", "yyyy-MM-dd", "assumelocal").unwrap().1, Zone::Local);
    assert_eq!(read("2020-03-16", "yyyy-MM-dd", "AssumeUniversal, AdjustToUniversal").unwrap().1, Zone::Utc);
    assert_eq!(Styles::parse("AllowInnerWhite,Later"), Err(StylesError::Unknown("Later".to_owned())));
    let conflict = |text: &str| Styles::parse(text).unwrap_err().to_string();
    assert_eq!(
        conflict("AssumeUniversal,AssumeLocal"),
        "the date styles `AssumeLocal` and `AssumeUniversal` exclude each other"
    );
    assert_eq!(
        conflict("AdjustToUniversal, RoundtripKind"),
        "the date styles `RoundtripKind` and `AdjustToUniversal` exclude each other"
    );
}

#[test]
fn dates_are_printed() {
    let at: DateTime = "2009-06-05T13:05:07.0450000".parse().unwrap();
    let check = |format: &str, zone: Zone, expected: &str| {
        assert_eq!(Layout::new(format).unwrap().print(Moment { at, zone }), expected, "{format}");
    };
    check("yyyy-MM-dd", Zone::Utc, "2009-06-05");
    check("M/d/yyyy h:mm:ss tt", Zone::Utc, "6/5/2009 1:05:07 PM");
    check("y yy yyy yyyyy", Zone::Utc, "9 09 2009 02009");
    check("ddd dddd MMM MMMM", Zone::Utc, "Fri Friday Jun June");
    check("H HH h hh m s t", Zone::Utc, "13 13 1 01 5 7 P");
    check("f|ff|fff|FFF|FFFFFFF", Zone::Utc, "0|04|045|045|045");
    check("s.F|ss.FF", Zone::Utc, "7|07.04");
    check("z zz zzz", Zone::Local, "+0 +00 +00:00");
    check("K|", Zone::Utc, "Z|");
    check("K|", Zone::Local, "+00:00|");
    check("K|", Zone::Unspecified, "|");
    check("o", Zone::Utc, "2009-06-05T13:05:07.0450000Z");
    check("R", Zone::Utc, "Fri, 05 Jun 2009 13:05:07 GMT");
    check("d", Zone::Utc, "06/05/2009");
    check("%d", Zone::Utc, "5");
    check("'d' \\d \"M\"", Zone::Utc, "d d M");
    check("yyyyMMddHHmmss.fZ", Zone::Utc, "20090605130507.0Z");
    for (format, message) in [
        ("", "the date format is empty"),
        ("x", "`x` isn't a standard date format"),
        ("'open", "the date format has no closing `'`"),
        ("yyyy\\", "the date format ends with a backslash"),
        ("ffffffff", "a second has at most 7 decimals, not 8"),
        ("yyyy%", "a `%` in the date format has no letter after it"),
    ] {
        assert_eq!(Layout::new(format), Err(message.to_owned()));
    }
}

fn moments() -> impl Strategy<Value = DateTime> {
    (-62_135_596_800_i64..253_402_300_800, 0_i32..10_000_000).prop_map(|(seconds, ticks)| {
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        epoch.checked_add(jiff::SignedDuration::new(seconds, ticks * 100)).unwrap()
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(at in moments(), form in 0_usize..6) {
        let forms = [
            "o",
            "yyyy-MM-ddTHH:mm:ss.fffffffZ",
            "dddd, d MMMM yyyy h:m:s.fffffff tt",
            "M/d/yyyy hh:mm:ss tt fffffff",
            "yyyyMMddHHmmssfffffff",
            "ddd MMM dd HH:mm:ss.FFFFFFF yyyy",
        ];
        let layout = Layout::new(forms[form]).unwrap();
        let text = layout.print(Moment { at, zone: Zone::Utc });
        let read = layout.parse(&text, Styles::DEFAULT, TODAY).map(|moment| moment.at);
        prop_assert_eq!(read, Some(at), "{}", text);
        prop_assert_eq!(parse(&layout_iso(at), TODAY), Some(at));
    }

    #[test]
    fn no_text_and_no_format_panics(text in ".{0,40}", format in "[yMdHhmsfFtzKg '\"\\\\%:/.-]{0,12}", styles in 0_usize..3) {
        let _date = parse(&text, TODAY);
        if let Ok(layout) = Layout::new(&format) {
            let styles = [Styles::DEFAULT, Styles::parse("AllowWhiteSpaces").unwrap(), Styles::parse("None").unwrap()][styles];
            let _read = layout.parse(&text, styles, TODAY);
            let printed = layout.print(Moment { at: DateTime::MAX, zone: Zone::Local });
            let _again = layout.parse(&printed, styles, TODAY);
        }
    }
}

fn layout_iso(at: DateTime) -> String {
    Layout::new("o").unwrap().print(Moment { at, zone: Zone::Utc })
}
