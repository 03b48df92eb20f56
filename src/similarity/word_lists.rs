//! Words by which a short text is told from another of the same form, or is not, in normal form.
//!
//! Weekdays, months and numbers differ as names do, and many languages write them in lower case. Articles and the like begin
//! a sentence with a capital, and are no names.

use std::{collections::HashSet, sync::LazyLock};

/// Weekdays and months; what is a common word besides is in [`DOUBTFUL_DATES`]. Of longer ones the endings vary.
const DATES: &str = "\
    monday tuesday wednesday thursday friday saturday sunday january february april june july august \
    september october november december montag dienstag mittwoch donnerstag freitag samstag sonnabend \
    sonntag januar jänner februar feber märz juni juli oktober dezember maandag dinsdag woensdag \
    donderdag vrijdag zaterdag zondag januari februari maart augustus mandag tirsdag onsdag torsdag \
    fredag lørdag søndag marts måndag tisdag lördag söndag augusti desember lundi mardi mercredi jeudi \
    vendredi samedi dimanche janvier février fevrier avril juin juillet août aout septembre octobre \
    novembre décembre decembre lunes martes miércoles miercoles jueves viernes sábado sabado domingo \
    enero febrero abril mayo junio julio agosto septiembre octubre noviembre diciembre lunedì martedì \
    mercoledì giovedì venerdì sabato domenica gennaio febbraio aprile maggio giugno luglio settembre \
    ottobre dicembre segunda terça quarta quinta sexta janeiro fevereiro março maio junho julho setembro \
    outubro novembro dezembro luni marți miercuri joi vineri sâmbătă duminică ianuarie februarie martie \
    aprilie iunie iulie septembrie octombrie noiembrie decembrie poniedział wtorek środa środę czwartek \
    piątek sobota sobotę niedziela niedzielę stycz luty lutego kwietnia kwiecień czerwca czerwiec lipca \
    lipiec sierpnia sierpień wrzes wrześ październik listopad grudnia grudzień pondělí úterý středa \
    středu čtvrtek pátek sobotu neděle neděli ledna února března dubna května června července srpna září \
    října prosince hétfő kedd szerda csütörtök péntek szombat vasárnap január február március április \
    május június július augusztus szeptember október maanantai tiistai keskiviikko torstai perjantai \
    lauantai sunnuntai tammiku helmiku maalisku huhtiku toukoku kesäku heinäku elokuu syysku lokakuu \
    marrasku jouluku pazartesi sali çarşamba perşembe cuma cumartesi pazar ocak şubat nisan mayis \
    haziran temmuz ağustos eylül ekim kasim aralik senin selasa rabu kamis jumat minggu maret agustus \
    понедельник вторник среда среду четверг пятниц суббот воскресен январ феврал апрел июнь июня июль \
    июля август сентябр октябр ноябр декабр понеділ вівторок вівторка середу четвер пятницю субот неділ \
    січня січень лютого лютий березня березень квітня квітень травня травень червня червень липня липень \
    серпня серпень вересня вересень жовтня жовтень листопада грудня грудень δευτερα τριτη τεταρτη πεμπτη \
    παρασκευη σαββατο κυριακη ιανουαρι φεβρουαρι μαρτι απριλι ιουνι ιουλι αυγουστ σεπτεμβρι οκτωβρι \
    νοεμβρι δεκεμβρι";

/// Weekdays and months that are other words, too: they count where one stands for another date.
const DOUBTFUL_DATES: &str = "\
    may march mon tue tues wed thu thur thurs fri sat sun jan feb mar apr jun jul aug sep sept oct nov \
    dec mai mei maj mars marzo марта мая май mart maart marec luna";

/// Numbers that are written as words, and mean nothing else.
const NUMBERS: &str = "\
    two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand \
    million billion zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreissig vierzig \
    fünfzig hundert tausend millionen milliarden deux trois quatre cinq sept huit neuf dix douze vingt \
    trente quarante cinquante mille millions milliards tres cuatro cinco seis siete ocho nueve diez doce \
    veinte treinta cien ciento millones quattro cinque sette otto nove dieci venti trenta cento dois \
    duas três quatro oito dez vinte trinta twee drie vijf zes zeven negen tien twaalf twintig honderd \
    duizend miljoen två fyra fem sju åtta nio tio tolv tjugo hundra tusen syv otte tyve два две три \
    четыре пять шесть семь восемь девять десять двадцать тридцать сто тысяч iki üç dört beş alti yedi \
    sekiz dokuz yirmi otuz δυο τρια τεσσερα πεντε εξι επτα οκτω εννεα δεκα εικοσι τριαντα";

/// Articles and other short words that begin sentences.
const ARTICLES: &str = "\
    a an the this that these those my your his her its our their some any all every each no one it he \
    she we they i you there here and but so as in on at of for to with by from now then today yesterday \
    tomorrow if when what who how why is are was were has have had will not der die das den dem des ein \
    eine einen einem einer kein keine mein meine dein deine sein seine ihr ihre unser unsere dieser \
    diese dieses jede jeder alle es er sie wir und aber im am auf mit von für le la les l un une ce cet \
    cette ces mon ma mes son sa ses notre nos votre vos leur leurs il elle nous vous et mais el los las \
    una unos unas este esta estos ese esa su sus nuestro nuestra y pero lo gli uno questo questa suo sua \
    nostro nostra e o os um uma esse essa seu nosso nossa de het een dit deze dat onze ons zijn haar hun \
    det en ett denne dette detta min din sin vår vores bir bu şu ο η το οι τα ενασ μια ενα αυτοσ αυτη \
    αυτο это этот эта эти наш наша его ее их и но в на ten ta ci nasz nasza az egy ez";

/// Letters that may follow the longer weekdays and months.
const ENDING_LETTERS_MAX: usize = 4;
/// Bytes of weekdays and months that endings may follow: of shorter ones other words come, as of the Spanish June.
const ENDED_BYTES_MIN: usize = 6;

/// The words of a list.
struct WordList(LazyLock<HashSet<&'static str>>);

impl WordList {
    fn have(&self, word: &str) -> bool {
        self.0.contains(word)
    }
}

static ALL_DATES: WordList = WordList(LazyLock::new(|| DATES.split_whitespace().collect()));
static ALL_DOUBTFUL: WordList =
    WordList(LazyLock::new(|| DOUBTFUL_DATES.split_whitespace().collect()));
static ALL_NUMBERS: WordList = WordList(LazyLock::new(|| NUMBERS.split_whitespace().collect()));
static ALL_ARTICLES: WordList = WordList(LazyLock::new(|| ARTICLES.split_whitespace().collect()));

/// Whether a word is a weekday, a month or a number, and nothing else.
pub fn is_date_or_number(word: &str) -> bool {
    word.chars().any(char::is_numeric) || ALL_NUMBERS.have(word) || is_date(word)
}

/// Whether both words are weekdays, months or numbers, as far as that can be told.
pub fn are_dates_or_numbers(a: &str, b: &str) -> bool {
    let may_be = |word: &str| ALL_DOUBTFUL.have(word) || is_date_or_number(word);
    may_be(a) && may_be(b)
}

/// Whether a word is an article, a pronoun or another short word that begins sentences.
pub fn is_article(word: &str) -> bool {
    ALL_ARTICLES.have(word)
}

fn is_date(word: &str) -> bool {
    let ends = word.char_indices().map(|(at, _)| at).rev().take(ENDING_LETTERS_MAX);
    let mut long = ends.filter(|end| *end >= ENDED_BYTES_MIN);
    ALL_DATES.have(word) || long.any(|end| ALL_DATES.have(&word[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Normal;

    #[test]
    fn the_words_are_in_normal_form() {
        for word in
            [DATES, DOUBTFUL_DATES, NUMBERS, ARTICLES].into_iter().flat_map(str::split_whitespace)
        {
            let normal = Normal::of(word);
            assert_eq!(normal.words().collect::<Vec<_>>(), [word.as_bytes()]);
        }
    }

    #[test]
    fn weekdays_and_months_are_told_from_other_words() {
        for word in ["monday", "mondays", "pazartesi", "понедельника", "april", "two", "ten", "4th"]
        {
            assert!(is_date_or_number(word), "{word}");
        }
        for word in ["may", "march", "market", "junior", "the", "money", "sun", "one", "to", "due"]
        {
            assert!(!is_date_or_number(word), "{word}");
        }
        assert!(are_dates_or_numbers("may", "june") && !are_dates_or_numbers("may", "will"));
    }
}
