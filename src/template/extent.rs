//! How far one expression may go on: the engine reads and compiles on a stack, one level for each operator.

use minijinja::machinery::{Token, tokenize};

use super::engine::syntax;
use super::problem::{Kind, Problem, within};

/// How many operators may stand in one `{{ … }}` or `{% … %}`.
const OPERATORS: usize = 500;

/// How many brackets may be opened in one.
const BRACKETS: usize = 2_000;

/// How many `{% elif %}` a template may have.
const BRANCHES: usize = 500;

/// The problem of a text in which something goes on too long. `inside` says that the text is an expression already.
pub(super) fn too_long(text: &str, inside: bool) -> Option<Problem> {
    if text.len() <= OPERATORS {
        return None;
    }
    let (mut operators, mut brackets, mut branches) = (0, 0, 0);
    // What does not become tokens is refused by the parser.
    for (token, span) in tokenize(text, inside, syntax()).map_while(Result::ok) {
        match token {
            Token::VariableStart | Token::BlockStart => (operators, brackets) = (0, 0),
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => brackets += 1,
            Token::Ident("elif") => branches += 1,
            Token::Ident("and" | "or" | "not" | "is" | "in" | "if") => operators += 1,
            Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::FloorDiv | Token::Pow | Token::Mod => {
                operators += 1;
            }
            Token::Tilde | Token::Pipe | Token::Dot => operators += 1,
            _ => {}
        }
        if operators > OPERATORS || brackets > BRACKETS || branches > BRANCHES {
            let range = within(span.start_offset as usize..span.end_offset as usize, text);
            let title = if branches > BRANCHES { "too many `elif`" } else { "an expression goes on too long" };
            let label = format!("only {OPERATORS} operators and {BRACKETS} brackets are allowed in one");
            return Some(Problem::new(Kind::TooMuchWork, title, label, range));
        }
    }
    None
}
