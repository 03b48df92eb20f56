//! The order in which text is read that is seen from left to right.

use unicode_normalization::char::is_combining_mark;

/// What one glyph, or the space between two, stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cluster<'a> {
    pub text: &'a str,
    pub middle: f32,
}

/// How a cluster runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClusterRun {
    Left,
    Right,
    Number,
    Space,
    Neutral,
}

/// The text of clusters that stand from left to right, and whether it runs from right to left,
/// as it does where most of it does, or most on the page.
pub(super) fn logical(clusters: Vec<Cluster<'_>>, is_rtl: bool) -> (String, bool) {
    let count = |it: fn(char) -> bool| {
        clusters.iter().filter(|cluster| cluster.text.chars().next().is_some_and(it)).count()
    };
    let n_right = count(is_right);
    if n_right == 0 {
        return (clusters.iter().map(|it| it.text).collect::<String>().trim().to_owned(), false);
    }
    let is_rtl = is_rtl || n_right > count(|c| c.is_alphabetic() && !is_right(c));
    let mut groups = grouped(clusters);
    if is_rtl {
        groups.reverse();
        reverse_runs(&mut groups, is_leftward, None);
    } else {
        reverse_runs(&mut groups, is_rightward, Some(is_leftward));
    }
    let text: String = groups.iter().map(|it| it.0.as_str()).collect();
    (text.trim().to_owned(), is_rtl)
}

/// Whether it runs from right to left.
pub(super) fn is_right(c: char) -> bool {
    let is_letter =
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}');
    let is_shape = matches!(c, '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}');
    (is_letter || is_shape) && !is_digit(c)
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}')
}

fn run_of(text: &str) -> ClusterRun {
    match text.chars().next() {
        None => ClusterRun::Neutral,
        Some(c) if c.is_whitespace() => ClusterRun::Space,
        Some(c) if is_digit(c) => ClusterRun::Number,
        Some(c) if is_right(c) => ClusterRun::Right,
        Some(c) if c.is_alphabetic() => ClusterRun::Left,
        Some(_) => ClusterRun::Neutral,
    }
}

/// Clusters from left to right with the marks that belong to them.
fn grouped(mut clusters: Vec<Cluster<'_>>) -> Vec<(String, ClusterRun)> {
    clusters.sort_by(|a, b| a.middle.total_cmp(&b.middle));
    let is_mark = |it: &Cluster<'_>| it.text.chars().next().is_some_and(is_combining_mark);
    let (marks, bases): (Vec<_>, Vec<_>) = clusters.into_iter().partition(is_mark);
    let mut groups: Vec<(String, ClusterRun)> =
        bases.iter().map(|it| (it.text.to_owned(), run_of(it.text))).collect();
    for mark in marks {
        let after = bases.partition_point(|it| it.middle < mark.middle);
        let distance = |n: usize| {
            bases
                .get(n)
                .filter(|it| it.text != " ")
                .map_or(f32::MAX, |it| (it.middle - mark.middle).abs())
        };
        let before = after.saturating_sub(1);
        let nearest = if distance(before) < distance(after) { before } else { after };
        if let Some((text, _)) = groups.get_mut(nearest) {
            text.push_str(mark.text);
        }
    }
    groups
}

/// Whether a run that holds this one goes on to that one, with what stands between.
type Joins = fn(ClusterRun, &[(String, ClusterRun)], ClusterRun) -> bool;

fn is_leftward(from: ClusterRun, between: &[(String, ClusterRun)], to: ClusterRun) -> bool {
    let is_spaced = between.iter().any(|it| it.1 == ClusterRun::Space);
    match (from, to) {
        (ClusterRun::Number, ClusterRun::Number) => !is_spaced && between.len() < 2,
        (ClusterRun::Left | ClusterRun::Number, ClusterRun::Left | ClusterRun::Number) => true,
        _ => false,
    }
}

fn is_rightward(from: ClusterRun, _: &[(String, ClusterRun)], to: ClusterRun) -> bool {
    from == ClusterRun::Right && to == ClusterRun::Right
}

/// Turns each run around that begins and ends with clusters that join, and what joins otherwise
/// within them back again.
fn reverse_runs(groups: &mut [(String, ClusterRun)], joins: Joins, within: Option<Joins>) {
    let mut n = 0;
    while n < groups.len() {
        let Some(end) = run_end(groups, n, joins) else {
            n += 1;
            continue;
        };
        if let Some(run) = groups.get_mut(n..end) {
            run.reverse();
            if let Some(within) = within {
                reverse_runs(run, within, None);
            }
        }
        n = end;
    }
}

/// Where the run ends that begins here, if one does.
fn run_end(groups: &[(String, ClusterRun)], begin: usize, joins: Joins) -> Option<usize> {
    let mut last = begin;
    let mut kind = groups.get(begin)?.1;
    if !joins(kind, &[], kind) {
        return None;
    }
    for (n, (_, run)) in groups.iter().enumerate().skip(begin + 1) {
        if matches!(run, ClusterRun::Space | ClusterRun::Neutral)
            || (*run == ClusterRun::Number && kind == ClusterRun::Right)
        {
            continue;
        }
        if !joins(kind, groups.get(last + 1..n)?, *run) {
            break;
        }
        (last, kind) = (n, *run);
    }
    Some(last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of characters that stand in this order from left to right.
    fn read(seen: &str, is_rtl: bool) -> String {
        let texts: Vec<String> = seen.chars().map(String::from).collect();
        let cluster = |(n, text)| Cluster { text: String::as_str(text), middle: n as f32 };
        logical(texts.iter().enumerate().map(cluster).collect(), is_rtl).0
    }

    #[test]
    fn text_from_left_to_right_stays_as_it_is() {
        assert_eq!(read("a 1-2 b", false), "a 1-2 b");
    }

    #[test]
    fn words_from_right_to_left_are_turned_around() {
        assert_eq!(read("םולש", false), "שלום");
        assert_eq!(read("ב 12.5 א", false), "א 12.5 ב");
        assert_eq!(read("ב ab cd א", true), "א ab cd ב");
        assert_eq!(read("20 10 א", true), "א 10 20");
    }

    #[test]
    fn words_from_right_to_left_within_others_are_turned_around() {
        assert_eq!(read("the word םלוע םולש is", false), "the word שלום עולם is");
        assert_eq!(read("see ב 12 א here", false), "see א 12 ב here");
    }

    #[test]
    fn marks_stay_with_their_letters() {
        let clusters = vec![
            Cluster { text: "ב", middle: 0.0 },
            Cluster { text: "א", middle: 10.0 },
            Cluster { text: "\u{5b8}", middle: 10.5 },
        ];
        assert_eq!(logical(clusters, false).0, "א\u{5b8}ב");
    }
}
