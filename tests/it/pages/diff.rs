//! Two texts compared line by line, shown with a little of what is around each change.

/// Unchanged lines shown before and after a change.
const AROUND: usize = 3;

/// What must go (`-`) and what must come (`+`) to make `new` of `old`.
pub(super) fn lines(old: &[String], new: &[String]) -> String {
    let edits = edits(old, new);
    let near = |at: usize| {
        let range = at.saturating_sub(AROUND)..(at + AROUND + 1).min(edits.len());
        edits[range].iter().any(|(sign, _)| *sign != ' ')
    };
    let mut shown = String::new();
    let mut hidden = false;
    for (at, (sign, line)) in edits.iter().enumerate() {
        if near(at) {
            shown.push_str(&format!("  {sign}{line}\n"));
        } else if !hidden {
            shown.push_str("  …\n");
        }
        hidden = !near(at);
    }
    shown
}

/// Every line of both texts with its sign, by their longest common subsequence.
fn edits<'a>(old: &'a [String], new: &'a [String]) -> Vec<(char, &'a str)> {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old_rest[..old_rest.len() - end], &new_rest[..new_rest.len() - end]);

    let mut edits: Vec<_> = old[..start].iter().map(|line| (' ', line.as_str())).collect();
    let common = common(a, b);
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            edits.push((' ', &a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && common[i + 1][j] >= common[i][j + 1]) {
            edits.push(('-', &a[i]));
            i += 1;
        } else {
            edits.push(('+', &b[j]));
            j += 1;
        }
    }
    edits.extend(old[old.len() - end..].iter().map(|line| (' ', line.as_str())));
    edits
}

/// At `[i][j]`, how many lines `a[i..]` and `b[j..]` have in common. Texts too long for the table have none.
fn common(a: &[String], b: &[String]) -> Vec<Vec<u32>> {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    if a.len() * b.len() > 4_000_000 {
        return table;
    }
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            table[i][j] = if a[i] == b[j] { table[i + 1][j + 1] + 1 } else { table[i + 1][j].max(table[i][j + 1]) };
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(old: &str, new: &str, expected: &str) {
        let split = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        let shown = lines(&split(old), &split(new));
        assert_eq!(shown.replace("  ", "").replace('\n', "|"), expected, "{old} → {new}");
    }

    #[test]
    fn changes_are_shown_in_their_place() {
        check("abc", "abc", "…|");
        check("abc", "axc", " a|-b|+x| c|");
        check("", "ab", "+a|+b|");
        check("ab", "", "-a|-b|");
        check("abcd", "acd", " a|-b| c| d|");
    }

    #[test]
    fn what_is_far_from_a_change_is_left_out() {
        check("123456789", "1234567x9", "…| 5| 6| 7|-8|+x| 9|");
    }
}
