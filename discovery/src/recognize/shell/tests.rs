use super::*;
use crate::container::Environment;

fn split(script: &str) -> Vec<Vec<String>> {
    let env = Environment::of_lines(["A=one two", "EMPTY=", "API_KEY=secret", "J={\"a\": 1}"]);
    let arguments = ["sh".to_owned(), "first arg".to_owned(), "second".to_owned()];
    commands(script, &mut Scope::new(&env, &arguments), &mut 10_000)
}

#[test]
fn words_and_commands() {
    for (script, expected) in [
        ("a b\tc", vec![vec!["a", "b", "c"]]),
        (
            "a; b && c || d | e & f\ng",
            vec![vec!["a"], vec!["b"], vec!["c"], vec!["d"], vec!["e"], vec!["f"], vec!["g"]],
        ),
        ("a \\\n  b", vec![vec!["a", "b"]]),
        ("a 'b $A; c' \"d;\\\"e\" f\\ g", vec![vec!["a", "b $A; c", "d;\"e", "f g"]]),
        ("a # b\nc#d", vec![vec!["a"], vec!["c#d"]]),
        ("a >b 2>&1 c <d &>e f>>g", vec![vec!["a", "c", "f"]]),
        ("(a; b)", vec![vec!["a"], vec!["b"]]),
        ("a '' \"\"", vec![vec!["a", "", ""]]),
        ("a 'open", vec![vec!["a", "open"]]),
        ("", vec![]),
    ] {
        assert_eq!(split(script), expected, "{script}");
    }
}

#[test]
fn variables() {
    for (script, expected) in [
        ("x $A \"$A\" '$A'", vec!["x", "one", "two", "one two", "$A"]),
        ("x ${A}3 \"${A}\"", vec!["x", "one", "two3", "one two"]),
        ("x ${NO:-d} ${EMPTY:-d} ${EMPTY-d} ${NO:=\"e f\"}", vec!["x", "d", "d", "e", "f"]),
        ("x ${A:+yes} ${EMPTY:+no} ${NO+no}", vec!["x", "yes"]),
        ("x ${NO:-${A:-z}} ${NO:-${NO:-z}}", vec!["x", "one", "two", "z"]),
        ("x $NO $API_KEY \"${API_KEY:-d}\"", vec!["x", "${NO}", "${API_KEY}", "${API_KEY:-d}"]),
        ("x ${A%o} ${#A} $? $", vec!["x", "${A%o}", "${#A}", "$?", "$"]),
        ("x $(a (b) c) `d e` $((1+2))", vec!["x", "${(a (b) c)}", "`d e`", "${((1+2))}"]),
        (
            "x \"$@\" $* $1 $9",
            vec!["x", "first arg", "second", "first arg", "second", "first", "arg", "${9}"],
        ),
        ("x --json $J \"$J\"", vec!["x", "--json", "{\"a\":", "1}", "{\"a\": 1}"]),
        ("B=2 C=$A; export D=4\nx $B $C ${D}", vec!["x", "2", "one", "two", "4"]),
    ] {
        let commands = split(script);
        assert_eq!(commands.last().unwrap(), &expected, "{script}");
    }
}
