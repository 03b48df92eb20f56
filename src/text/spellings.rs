//! Spellings of one letter: which characters are the same to readers, and which marks most writers leave out.

/// What a composed character is read as: Arabic letters and digits as they are written elsewhere; none for marks
/// that most leave out.
pub fn spelled(c: char) -> Option<char> {
    match c {
        c if c.is_ascii() => Some(c),
        c if is_pointing(c) => None,
        c => {
            Some(arabic_letter(c).or_else(|| digit(c)).or_else(|| capitals_letter(c)).unwrap_or(c))
        }
    }
}

/// The letter of Arabic that a variant of it is: alef wasla; yeh without dots, that of Persian and that of Urdu
/// at the end; the Persian kaf; heh as Urdu has it, with a yeh on it, and as it is left without that.
pub fn arabic_letter(c: char) -> Option<char> {
    Some(match c {
        'ٱ' => 'ا',
        'ى' | 'ی' | 'ے' | 'ۓ' => 'ي',
        'ہ' | 'ە' | 'ۀ' | 'ۂ' => 'ه',
        'ک' => 'ك',
        _ => return None,
    })
}

/// The letter that is left of one where it was written in capitals: Greek has no accents there, and the capital of the
/// Turkish letter without a dot is that of `i` elsewhere.
fn capitals_letter(c: char) -> Option<char> {
    Some(match c {
        'ı' => 'i',
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' => 'ι',
        'ό' => 'ο',
        'ύ' => 'υ',
        'ώ' => 'ω',
        'ΐ' => 'ϊ',
        'ΰ' => 'ϋ',
        _ => return None,
    })
}

/// The digit of ASCII that a digit of another script is.
pub fn digit(c: char) -> Option<char> {
    const ZEROS: [char; 16] =
        ['٠', '۰', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '๐', '໐', '༠', '၀', '០'];
    // Most letters that are asked for lie before and behind them.
    if !('٠'..='៩').contains(&c) {
        return None;
    }
    let value = |zero: char| (c as u32).checked_sub(zero as u32).filter(|it| *it < 10);
    char::from_digit(ZEROS.into_iter().find_map(value)?, 10)
}

/// Hebrew points and accents, Arabic harakat and marks of the Quran.
pub fn is_pointing(c: char) -> bool {
    matches!(c,
        '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}' | '\u{8ca}'..='\u{8ff}')
}
