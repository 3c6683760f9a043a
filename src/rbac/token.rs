//! Instructions: what a pattern is compiled to, and how one pattern alone is run over a name.
//!
//! The automaton of a pattern is its list of instructions; a place in it is the number of the next one. Several places may
//! be held at a time.

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Reads this character, in lower case.
    Character(char),
    /// Reads any run of characters.
    Any,
    /// Reads a slash before the `Any` that follows it, or is left out together with it.
    Below,
}

/// Compiles a text in lower case. Gaps that follow each other are one gap: `a/**` is `a*`, `a/*/*` is `a/*`, `*/*` is `*`.
pub(super) fn compile(folded: &str, is_strict: bool) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(folded.len() + 1);
    let mut characters = folded.chars().peekable();
    while let Some(character) = characters.next() {
        let after_gap = tokens.last() == Some(&Token::Any);
        match character {
            '*' if after_gap => {
                if let [.., Token::Below, Token::Any] = tokens[..] {
                    tokens.remove(tokens.len() - 2);
                }
            }
            '*' => tokens.push(Token::Any),
            '/' if !is_strict && characters.peek() == Some(&'*') => {
                characters.next();
                if !after_gap {
                    tokens.extend([Token::Below, Token::Any]);
                }
            }
            _ => tokens.push(Token::Character(character)),
        }
    }
    tokens
}

/// Whether the instructions accept a name in lower case: all readings are followed at once, so that no pattern is slow.
pub(super) fn accepts(tokens: &[Token], action: &str) -> bool {
    let mut now = vec![false; tokens.len() + 1];
    let mut next = now.clone();
    enter(tokens, 0, &mut |at| now[at] = true);
    for character in action.chars() {
        let mut lives = false;
        for at in (0..tokens.len()).filter(|at| now[*at]) {
            if let Some(reached) = step(tokens, at, character) {
                lives = true;
                enter(tokens, reached, &mut |at| next[at] = true);
            }
        }
        if !lives {
            return false;
        }
        std::mem::swap(&mut now, &mut next);
        next.fill(false);
    }
    now[tokens.len()]
}

/// Where reading a character leads to from a place.
pub(super) fn step(tokens: &[Token], at: usize, character: char) -> Option<usize> {
    match tokens.get(at)? {
        Token::Character(wanted) => (*wanted == character).then_some(at + 1),
        Token::Any => Some(at),
        Token::Below => (character == '/').then_some(at + 1),
    }
}

/// Visits a place and all that are reached from it without reading anything.
pub(super) fn enter(tokens: &[Token], at: usize, visit: &mut dyn FnMut(usize)) {
    let mut at = at;
    loop {
        visit(at);
        at += match tokens.get(at) {
            Some(Token::Any) => 1,
            Some(Token::Below) => 2,
            Some(Token::Character(_)) | None => return,
        };
    }
}
