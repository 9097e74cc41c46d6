//! Answers as OpenAI's format for fine-tuning has them: <https://platform.openai.com/docs/guides/supervised-fine-tuning>.
//! Pure.

use serde_json::json;

use crate::report::Content;
use crate::serve::answer::{self, Refusal};

/// One line for each answer, and how many had none: those whose text was cut, and those without an answer.
#[derive(Debug, PartialEq)]
pub(super) struct Lines {
    pub(super) text: Vec<u8>,
    pub(super) left_out: u64,
}

impl Lines {
    pub(super) fn of(contents: &[Content]) -> Result<Self, Refusal> {
        let mut lines = Self { text: Vec::new(), left_out: 0 };
        for content in contents {
            if content.cut || content.answer.is_empty() {
                lines.left_out += 1;
                continue;
            }
            let line = json!({"messages": [
                {"role": "user", "content": content.prompt},
                {"role": "assistant", "content": content.answer},
            ]});
            lines.text.append(&mut answer::bytes(&line)?);
            lines.text.push(b'\n');
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_answers_are_a_line_each() {
        let content = |prompt: &str, answer: &str, cut| Content {
            prompt: prompt.to_owned(),
            answer: answer.to_owned(),
            cut,
            ..Content::default()
        };
        let lines = Lines::of(&[
            content("why?", "because\n\"so\"", false),
            content("long", "lo", true),
            content("refused", "", false),
        ]);
        let lines = lines.unwrap();
        assert_eq!(
            String::from_utf8(lines.text).unwrap(),
            "{\"messages\":[{\"content\":\"why?\",\"role\":\"user\"},\
             {\"content\":\"because\\n\\\"so\\\"\",\"role\":\"assistant\"}]}\n"
        );
        assert_eq!(lines.left_out, 2);
    }
}
