//! Numbers for whose format nothing is set.

/// A number for whose format nothing is set: whole as it is, else with ten digits.
pub(super) fn general(number: f64) -> String {
    let size = number.abs();
    if number == number.trunc() && size < 1e15 {
        return format!("{}", number + 0.0);
    }
    if !(1e-5..1e15).contains(&size) {
        let text = format!("{number:.5e}");
        let Some((digits, power)) = text.split_once('e') else { return text };
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        let power = power.parse::<i32>().unwrap_or(0);
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{digits}E{sign}{:02}", power.abs());
    }
    let n_whole = if size < 1.0 { 1 } else { size.log10().floor() as usize + 1 };
    let text = format!("{number:.*}", 10_usize.saturating_sub(n_whole).max(1));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
