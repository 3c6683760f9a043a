//! `mi-run plan --role`: the role that playbooks need.

use mi_run::diagnostic::Diagnostic;
use mi_run::event::redact::Redactor;
use mi_run::plan::needs::{self, Needs};
use mi_run::rbac::TooComplex;
use mi_run::source::Sources;

use super::args::{self, PlanFormat};
use super::exit::Exit;
use super::roles::pretty;
use super::terminal::{diagnose, print};

/// Prints what playbooks need: all of it for people, or the role definition of one identity alone.
pub(crate) fn print_role(
    mut needs: Needs,
    identity: &str,
    (args, redactor, sources): (&args::Plan, &Redactor, &Sources),
) -> Exit {
    let say = |diagnostic: Diagnostic| diagnose(&diagnostic, sources, args.look.color);
    if let Err(diagnostic) = choose(&mut needs, identity, args.format) {
        say(*diagnostic);
        return Exit::Usage;
    }
    if args.format == PlanFormat::Text {
        return match needs::text(&needs) {
            Ok(mut text) => {
                redactor.clean(&mut text);
                print(&text);
                Exit::Passed
            }
            Err(why) => {
                say(too_complex(&why));
                Exit::Errored
            }
        };
    }
    let (definition, notes) = match needs::definition(&needs) {
        Ok(Some(found)) => found,
        Ok(None) => {
            say(Diagnostic::error("no-role-needed", "no request that is known beforehand takes a role"));
            return Exit::Failed;
        }
        Err(why) => {
            say(too_complex(&why));
            return Exit::Errored;
        }
    };
    for note in notes.iter().filter(|note| note.matters) {
        let diagnostic = Diagnostic::warning("role-incomplete", redactor.text(&note.told()));
        say(match note.span {
            Some(span) => diagnostic.at(span, "this step"),
            None => diagnostic,
        });
    }
    let mut value = serde_json::to_value(&definition).unwrap_or_default();
    redactor.value(&mut value);
    print(&pretty(&value));
    Exit::Passed
}

fn too_complex(why: &TooComplex) -> Diagnostic {
    let title = "the built-in roles cannot be found in reasonable time";
    Diagnostic::error("too-complex", title).note(why.to_string())
}

/// Chooses the identity that is wanted: one role is for one identity.
fn choose(needs: &mut Needs, identity: &str, format: PlanFormat) -> Result<(), Box<Diagnostic>> {
    let refused = |title: String, help: String| Box::new(Diagnostic::error("invalid-option", title).help(help));
    if !matches!(format, PlanFormat::Text | PlanFormat::Json) {
        let help = "`--format text` or `--format json`".to_owned();
        return Err(refused("a role is written as text or as JSON".to_owned(), help));
    }
    let names = needs.identities();
    let listed: Vec<String> = names.iter().map(|name| format!("`--role=\"{name}\"`")).collect();
    let help = format!("there is {}", listed.join(", "));
    match names.iter().find(|name| name.eq_ignore_ascii_case(identity)) {
        Some(name) => needs.chosen = Some((*name).to_owned()),
        None if !identity.is_empty() && listed.is_empty() => {}
        None if !identity.is_empty() => {
            return Err(refused(format!("no request is sent by the identity `{}`", identity.escape_debug()), help));
        }
        None if format == PlanFormat::Json && names.len() > 1 => {
            return Err(refused(format!("each of {} identities needs a role of its own", names.len()), help));
        }
        None => {}
    }
    Ok(())
}
