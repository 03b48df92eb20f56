//! Lines are copies when they are nearly equal; forms that were filled in twice are none, in any script.

use super::{Text, grouped, holding, names, near_to, set};

/// Whether one line is near to another that is alone in an archive, both ways.
fn are_near(one: &str, other: &str) -> bool {
    let near = [(one, other), (other, one)]
        .map(|(asked, kept)| !near_to(&holding(&[("kept".into(), kept.into())]), asked).is_empty());
    assert_eq!(near[0], near[1], "{one} / {other}");
    near[0]
}

#[test]
fn a_form_that_was_filled_in_twice_is_no_copy() {
    let order = |name: &str, number: &str, day: &str| {
        format!("เรียนคุณ{name} คำสั่งซื้อ {number} ออกจากคลังสินค้าแล้ว จะถึงท่านวันที่ {day} กรุณาเปิดโทรศัพท์ไว้")
    };
    assert!(!are_near(&order("สมชาย", "48213", "4 มีนาคม"), &order("วิภา", "59177", "9 พฤษภาคม")));
    assert!(!are_near(&order("สมชาย", "48213", "4 มีนาคม"), &order("วิภา", "48213", "4 มีนาคม")));
    for (form, one, other) in [
        ("{}先生的追悼会将于星期六中午在圣玛丽教堂举行，欢迎各界人士参加。", "王伟", "李强"),
        ("{}先生的追悼会将于星期六中午在圣玛丽教堂举行，欢迎各界人士参加。", "王伟", "欧阳明华"),
        ("市议会表示，塔马尔河上的大桥从星期{}起禁止卡车通行", "一", "二"),
        ("{}様、ご注文はリーズの倉庫を出発し、まもなくお届けする予定です。", "田中", "佐藤"),
        ("สภาเทศบาลแจ้งว่าสะพานข้ามแม่น้ำจะปิดไม่ให้รถบรรทุกผ่านตั้งแต่วัน{}", "จันทร์", "อังคาร"),
        ("تقام جنازة {} يوم السبت ظهرا في مسجد النور وسط المدينة", "أحمد", "خالد"),
        ("the funeral of {} will be held at noon, and all are welcome", "anna", "omar"),
    ] {
        let (one, other) = (form.replace("{}", one), form.replace("{}", other));
        assert!(!are_near(&one, &other), "{one} / {other}");
        assert!(are_near(&one, &format!("{one} ")), "{one}");
    }
}

#[test]
fn a_line_with_a_slip_or_a_word_more_is_a_copy() {
    for (one, other) in [
        (
            "สภาเทศบาลแจ้งว่าสะพานข้ามแม่น้ำจะปิดไม่ให้รถบรรทุกผ่าน",
            "สภาเทศบาลแจ้งว่าสะพานข้ามแมน้ำจะปิดไม่ให้รถบรรทุกผ่าน",
        ),
        (
            "市议会表示，塔马尔河上的大桥从星期一起禁止卡车通行",
            "市议会表示，塔马尔河上的旧大桥从星期一起禁止卡车通行",
        ),
        (
            "تقام جنازة أحمد يوم السبت ظهرا في مسجد النور وسط المدينة",
            "تقام جنازة أحمد يوم السبت القادم ظهرا في مسجد النور وسط المدينة",
        ),
        ("Belediye köprünün kapatılacağını açıkladı", "BELEDİYE KÖPRÜNÜN KAPATILACAĞINI AÇIKLADI"),
        ("Ο Δήμος Πειραιά ανακοίνωσε ότι κλείνει", "Ο ΔΗΜΟΣ ΠΕΙΡΑΙΑ ΑΝΑΚΟΙΝΩΣΕ ΟΤΙ ΚΛΕΙΝΕΙ"),
    ] {
        assert!(are_near(one, other), "{one} / {other}");
    }
}

#[test]
fn strangers_with_a_stock_phrase_in_a_script_without_spaces_are_none_of_each_other() {
    let one = "เทศบาลนครประกาศเลื่อนการซ่อมสะพานข้ามแม่น้ำเพราะขาดงบประมาณ ตำรวจปิดตลาดน้ำ เจ้าหน้าที่ปฏิเสธแสดงความเห็น \
        พิพิธภัณฑ์ซื้อคลังข้าวเป็นครั้งแรกในรอบสิบปี ห้องสมุดตรวจสอบวัคซีนฟรีแต่ไม่บอกเหตุผล";
    let other = "กรมอุตุนิยมวิทยาอนุมัติสถานีรถไฟเก่า ชาวบ้านยินดี ธนาคารกลางหารือเรื่องกังหันลมกลางทะเล เจ้าหน้าที่ปฏิเสธแสดงความเห็น \
        ศาลคัดค้านแผนกำจัดขยะใหม่คาดว่าจะเสร็จปีหน้า ชาวประมงขายที่จอดรถใต้ดินใช้เงินราวสามสิบล้านบาท";
    assert!(!are_near(one, other));
}

#[test]
fn texts_of_a_word_or_two_are_found() {
    let texts: Vec<Text> =
        [("yes", "Yes"), ("too", "yes."), ("paid", "Invoice paid"), ("no", "No")]
            .map(|(name, text)| (name.into(), text.into()))
            .to_vec();
    let archive = holding(&texts);
    assert_eq!(names(&near_to(&archive, "YES!")), set(["yes", "too"]));
    assert_eq!(names(&near_to(&archive, "invoice paid.")), set(["paid"]));
    assert_eq!(grouped(&archive), [set(["yes", "too"])].into());
}
