"""The same documents read by other programs and libraries: the words that each of them finds.

A reader is a name and a function from the path of a file to its text. Those that are not installed are left out.
"""
import base64, datetime, email, email.policy, importlib.util, mailbox, re, shutil, subprocess

def has(module):
    return importlib.util.find_spec(module) is not None

def program(*command):
    def read(path):
        ran = subprocess.run([path if word == "FILE" else word for word in command], capture_output=True, timeout=60)
        return ran.stdout.decode("utf-8", "replace")
    return read

def pandoc(source):
    return program("pandoc", "-f", source, "-t", "plain", "--wrap=none", "FILE")

def word(path):
    import docx
    def blocks(holder):
        for block in holder.iter_inner_content():
            if hasattr(block, "rows"):
                for row in block.rows:
                    for cell in row.cells:
                        yield from blocks(cell)
            else:
                yield block.text
    return "\n".join(blocks(docx.Document(path)))

def sheets(path):
    import openpyxl
    # Read only, it goes by the size that a sheet states, and finds nothing where that is wrong.
    book = openpyxl.load_workbook(path, data_only=True)
    lines = []
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            lines.append(sheet.title)
            lines += [" ".join(str(value) for value in row if value is not None) for row in sheet.iter_rows(values_only=True)]
    return "\n".join(lines)

def old_sheets(path):
    import xlrd
    book = xlrd.open_workbook(path)
    lines = []
    for sheet in book.sheets():
        if sheet.visibility == 0:
            lines.append(sheet.name)
            lines += [" ".join(str(value) for value in sheet.row_values(n) if value != "") for n in range(sheet.nrows)]
    return "\n".join(lines)

def slides(path):
    import pptx
    lines = []
    def shapes(group):
        for shape in group:
            if shape.shape_type == 6:
                shapes(shape.shapes)
            elif shape.has_text_frame:
                lines.append(shape.text_frame.text)
            elif getattr(shape, "has_table", False) and shape.has_table:
                lines.extend(cell.text for row in shape.table.rows for cell in row.cells)
    for slide in pptx.Presentation(path).slides:
        shapes(slide.shapes)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame:
            lines.append(slide.notes_slide.notes_text_frame.text)
    return "\n".join(lines)

def open_document(path):
    from odf import opendocument, teletype, text
    names = {text.P().qname, text.H(outlinelevel=1).qname}
    lines, open_nodes = [], [opendocument.load(path).body]
    while open_nodes:
        node = open_nodes.pop()
        if getattr(node, "qname", None) in names:
            lines.append(teletype.extractText(node))
        else:
            open_nodes += reversed(node.childNodes)
    return "\n".join(lines)

def head(sender, to, cc, date):
    """The lines at the head of a mail, each behind what it is."""
    lines = {"From": sender, "To": to, "Cc": cc, "Date": date}
    return [f"{label}: {value}" for label, value in lines.items() if value]

def outlook(path):
    import extract_msg
    with extract_msg.openMsg(path) as message:
        names = [it.longFilename or it.shortFilename or "" for it in message.attachments if not isinstance(it, str)]
        date = message.date and message.date.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines = head(message.sender, message.to, message.cc, date)
        attached = [f"Attachment: {name}" for name in names]
        return "\n".join(str(it) for it in [message.subject, *lines, message.body, *attached] if it)

def rtf(path):
    from striprtf.striprtf import rtf_to_text
    return rtf_to_text(open(path, encoding="latin-1").read(), errors="ignore")

def book(path):
    from ebooklib import epub, ITEM_DOCUMENT
    texts = [it.get_content().decode("utf-8", "replace") for it in epub.read_epub(path, {"ignore_ncx": True}).get_items_of_type(ITEM_DOCUMENT)]
    return re.sub(r"<[^>]*>", " ", "\n".join(texts))

def enclosed(part, inner):
    """An enclosed mail, which some programs send in Base64: Python leaves that to others."""
    if (part["content-transfer-encoding"] or "").lower() != "base64":
        return inner
    return email.message_from_bytes(base64.b64decode(inner.as_bytes()), policy=email.policy.default)

def of_message(message):
    date = getattr(message["date"], "datetime", None)
    lines = [str(message["subject"] or ""), *head(message["from"], message["to"], message["cc"], date and date.isoformat())]
    parts = [message]
    while parts:
        part = parts.pop(0)
        if part.get_content_type() == "message/rfc822":
            lines += [line for inner in part.get_payload() for line in of_message(enclosed(part, inner))]
            continue
        if part.is_multipart():
            inner = part.get_payload()
            # Of several forms of one text the plain one is read.
            plain = [it for it in inner if it.get_content_type() == "text/plain"]
            parts[:0] = plain[:1] if part.get_content_type() == "multipart/alternative" and plain else inner
            continue
        if part.get_filename():
            lines.append(f"Attachment: {part.get_filename()}")
        if part.get_content_maintype() == "text":
            text = part.get_payload(decode=True) or b""
            charset = part.get_content_charset() or "utf-8"
            try:
                text = text.decode(charset, "replace")
            except LookupError:
                text = text.decode("latin-1")
            if part.get_content_type() == "text/html":
                text = re.sub(r"(?s)<(style|script).*?</\1>|<!--.*?-->", " ", text)
                text = __import__("html").unescape(re.sub(r"<[^>]*>", "", text))
            lines.append(text)
    return lines

def mail(path):
    with open(path, "rb") as file:
        return "\n".join(of_message(email.message_from_binary_file(file, policy=email.policy.default)))

def mails(path):
    factory = lambda file: email.message_from_binary_file(file, policy=email.policy.default)
    return "\n".join(line for message in mailbox.mbox(path, factory=factory) for line in of_message(message))

def installed():
    """Readers by format, the first of which is the reference where there is no expected text."""
    found = {}
    def add(formats, name, read, needs):
        if (shutil.which(needs) if isinstance(read, type(program())) and not has(needs) else has(needs)):
            for format in formats.split():
                found.setdefault(format, {})[name] = read
    add("pdf", "pdftotext", program("pdftotext", "FILE", "-"), "pdftotext")
    add("docx docm", "python-docx", word, "docx")
    add("xlsx xlsm", "openpyxl", sheets, "openpyxl")
    add("xls", "xlrd", old_sheets, "xlrd")
    add("pptx pptm", "python-pptx", slides, "pptx")
    add("odt ods odp", "odfpy", open_document, "odf")
    add("msg", "extract-msg", outlook, "extract_msg")
    add("rtf", "striprtf", rtf, "striprtf")
    add("epub", "ebooklib", book, "ebooklib")
    add("eml", "email", mail, "email")
    add("mbox", "email", mails, "email")
    add("doc", "antiword", program("antiword", "-m", "UTF-8.txt", "-w", "0", "FILE"), "antiword")
    add("doc", "catdoc", program("catdoc", "-d", "utf-8", "-w", "FILE"), "catdoc")
    add("xls", "xls2csv", program("xls2csv", "-d", "utf-8", "FILE"), "xls2csv")
    add("ppt", "catppt", program("catppt", "-d", "utf-8", "FILE"), "catppt")
    for format in ["docx", "odt", "epub", "rtf", "fb2"]:
        add(format, "pandoc", pandoc(format), "pandoc")
    add("docm", "pandoc", pandoc("docx"), "pandoc")
    return found

def text(read, path):
    """What a reader finds; nothing where it fails."""
    try:
        return read(path)
    except Exception:
        return ""
