use std::collections::BTreeSet;
use std::path::Path;

use super::*;

#[test]
fn plotly_is_one_whole_script() {
    let script = String::from_utf8(plotly()).unwrap();
    assert!(script.len() > 3 << 20, "{} bytes", script.len());
    let head: String = script.chars().take(300).collect();
    assert!(head.contains("plotly.js v"), "{head}");
    let scripts = plotly::Plot::offline_js_sources();
    let rest = &scripts[scripts.find(&script).unwrap() + script.len()..];
    let next = rest.strip_prefix("</script>").unwrap().trim_start();
    assert!(next.starts_with("<script"), "the script was cut short");
    assert!(!script.contains("<script type="), "two scripts");
}

#[test]
fn every_file_of_the_page_is_served() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("page");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let there: BTreeSet<String> = names.map(|name| name.into_string().unwrap()).collect();
    let served = FILES.iter().map(|(path, ..)| match *path {
        "/" => "index.html".to_owned(),
        path => path.trim_start_matches("/assets/").trim_start_matches('/').to_owned(),
    });
    assert_eq!(served.collect::<BTreeSet<_>>(), there, "served (left), in loadtest/page (right)");
}
