//! The text of a playbook on the page: the lines around a failure, and the whole of it with a place for each line.

use std::fmt::Write as _;
use std::sync::Arc;

use super::text;
use crate::event::{Place, Playbook, Step};
use crate::source::Source;

/// How many lines are shown around a place.
const AROUND: usize = 2;
/// Of a step so many places are shown.
const PLACES: usize = 5;
/// A longer text is not shown whole.
const LONGEST: usize = 5_000;

/// The texts of a playbook.
pub(super) struct Texts<'p> {
    /// Which playbook of the page.
    index: usize,
    sources: &'p [Arc<Source>],
}

impl<'p> Texts<'p> {
    pub(super) fn of(index: usize, playbook: &'p Playbook) -> Self {
        Self { index, sources: &playbook.sources }
    }

    fn find(&self, place: &Place) -> Option<(usize, &Source)> {
        let mut sources = self.sources.iter().enumerate();
        sources.find(|(_, source)| source.name() == &*place.path).map(|(at, source)| (at, &**source))
    }

    /// A place as a link to its line, where the whole text is on the page.
    pub(super) fn link(&self, place: &Place, words: &str) -> String {
        match self.find(place).filter(|(_, source)| is_whole(source)) {
            Some((at, _)) => {
                format!("<a href=\"&#35;p{}f{at}l{}\"><code>{}</code></a>", self.index, place.line, text(words))
            }
            None => format!("<code>{}</code>", text(words)),
        }
    }

    /// The lines around what did not hold in a step.
    pub(super) fn excerpts(&self, html: &mut String, step: &Step) {
        let failing = step.assertions.iter().filter(|assertion| !assertion.holds).map(|assertion| &assertion.place);
        let mut places: Vec<&Place> =
            failing.chain(step.problems.iter().filter_map(|problem| problem.place.as_ref())).take(PLACES).collect();
        places.sort_by(|one, other| (&one.path, one.line, one.column).cmp(&(&other.path, other.line, other.column)));
        while let Some(first) = places.first() {
            // What stands near is shown together.
            let mut last = first.line as usize;
            let near = |place: &&&Place| {
                let is_near = place.path == first.path && place.line as usize <= last + 2 * AROUND + 1;
                last = if is_near { place.line as usize } else { last };
                is_near
            };
            let count = places.iter().take_while(near).count();
            let together: Vec<&Place> = places.drain(..count).collect();
            if let Some((_, source)) = self.find(together[0]) {
                excerpt(html, source, &together);
            }
        }
    }

    /// The texts, whole.
    pub(super) fn whole(&self, html: &mut String) {
        for (at, source) in self.sources.iter().enumerate().filter(|(_, source)| is_whole(source)) {
            let _ = writeln!(
                html,
                "<details class=\"more\"><summary>The text of <code>{}</code></summary>\n<pre class=\"source\">",
                text(source.name())
            );
            for number in 1..=source.line_count() {
                let id = format!("p{}f{at}l{number}", self.index);
                let _ =
                    write!(html, "<span id=\"{id}\" class=\"row\"><b>{number}</b>{}</span>", text(source.line(number)));
            }
            html.push_str("</pre></details>\n");
        }
    }
}

fn is_whole(source: &Source) -> bool {
    source.line_count() <= LONGEST
}

/// The lines around places of one text, the first of them first.
fn excerpt(html: &mut String, source: &Source, places: &[&Place]) {
    let (Some(first), Some(last)) = (places.first(), places.last()) else { return };
    let begin = (first.line as usize).saturating_sub(AROUND).max(1);
    let end = (last.line as usize + AROUND).min(source.line_count());
    let _ = write!(html, "<pre class=\"source\" aria-label=\"{}, lines {begin} to {end}\">", text(source.name()));
    for number in begin..=end {
        let line = source.line(number);
        let own: Vec<&Place> = places.iter().copied().filter(|place| place.line as usize == number).collect();
        let class = if own.is_empty() { "row" } else { "row own" };
        let _ = write!(html, "<span class=\"{class}\"><b>{number}</b>{}</span>", marked(line, &own));
    }
    html.push_str("</pre>\n");
}

/// A line in which these places stand out, the first of them first.
fn marked(line: &str, places: &[&Place]) -> String {
    let at = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    let (mut html, mut done) = (String::new(), 0);
    for place in places {
        let start = at((place.column as usize).saturating_sub(1));
        let mut end = (start + place.length as usize).min(line.len());
        while !line.is_char_boundary(end) {
            end += 1;
        }
        // Of those that overlap the first stands out.
        if start >= done {
            let _ = write!(html, "{}<mark>{}</mark>", text(&line[done..start]), text(&line[start..end]));
            done = end;
        }
    }
    html + &text(&line[done..])
}
