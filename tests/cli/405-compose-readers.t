#!/bin/sh
# What is composed is read back as it was asked for: by mail-parse, by Python's email package and by GMime, in many scripts.
. "${0%/*}/../lib.sh"
need jq /usr/bin/python3

composed=$TOP/tests/cli/composed.py
mkdir etc
cat >etc/mailpipe.conf <<'END'
[account plain]
email = plain@example.com
[account eight]
email = eight@example.com
smtp.eightBit = yes
END
export MAILPIPE_CONFIG="$T/etc"

# name, subject, text: ten scripts, right to left, combining marks, and what is outside the BMP.
cat >scripts.tsv <<'END'
English	O'Brien, "Jim" \ Jr.	An invoice of the year = 2026; 100 % (really)	Plain text.
Deutsch	Jörg Größe-Übel	Grüße aus Köln: die Änderung der Übersicht für das zweite Halbjahr	Schöne Grüße, dein Jörg.
Polski	Łukasz Żółć	Zażółć gęślą jaźń	Pchnąć w tę łódź jeża lub ośm skrzyń fig.
Русский	Лев Толстой	Все счастливые семьи похожи друг на друга, каждая несчастливая по-своему	Съешь же ещё этих мягких французских булок.
Ελληνικά	Οδυσσέας Ελύτης	Ξεσκεπάζω την ψυχοφθόρα βδελυγμία	Γαζέες καὶ μυρτιὲς δὲν θὰ βρῶ πιὰ.
עברית	משה כהן	דג סקרן שט בים מאוכזב	שלום עולם, זה מבחן.
العربية	محمد علي	صِف خَلقَ خَودِ كَمِثلِ الشَمسِ إِذ بَزَغَت	مرحبا بالعالم.
हिन्दी	आर्यन शर्मा	ऋषियों को सताने वाले दुष्ट राक्षसों के राजा	नमस्ते दुनिया।
日本語	山田 太郎	いろはにほへと ちりぬるを わかよたれそ つねならむ うゐのおくやま けふこえて	色は匂へど散りぬるを。
中文	李小龙	天地玄黃宇宙洪荒日月盈昃辰宿列張寒來暑往秋收冬藏閏餘成歲律呂調陽雲騰致雨露結爲霜	你好，世界。
한국어	김철수	키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다	안녕하세요, 세계.
ไทย	สมชาย ใจดี	เป็นมนุษย์สุดประเสริฐเลิศคุณค่า	สวัสดีชาวโลก
Emoji	👩‍🚀 Zoë 🇪🇺	🌱🍎 spring é and 𝔘𝔫𝔦𝔠𝔬𝔡𝔢	🎉 done
END
head -c 5000 /dev/urandom >data.bin
sum=$(sha256sum data.bin | cut -d' ' -f1)

same() { # NAME ACCOUNT: m.eml says what wanted.json has, for all readers
    json_is "$1, $2: mail-parse" "$(mail-parse m.eml | jq -c '{subject, from: [.from[] | [.name // "", .email]], to: [.to[] | [.name // "", .email]], text, html: (.html // ""),
        files: [.attachments[]? | [.name, .sha256]]}')" "$(cat wanted.json)"
    is "$1, $2: no defect" "$(mail-parse m.eml | jq -c .defects)" null
    ok "$1, $2: Python's email package" "$composed" m.eml wanted.json email
    if [ "$gmime" = yes ]; then ok "$1, $2: GMime" "$composed" m.eml wanted.json gmime; else skip 1 'needs GMime for Python'; fi
    is "$1, $2: lines" "$(LC_ALL=C awk '{ sub("\r$", ""); if (length > 78 && !body) wide = 1; if (length > 998) wide = 1; if (!length) body = 1 } END { print wide + 0 }' m.eml)" 0
}

printf 'Subject: x\nFrom: a@b\nTo: c@d\n\nx\n' >probe.eml
"$composed" probe.eml scripts.tsv gmime 2>probe.err
gmime=yes
if [ "$?" -eq 2 ] || ! /usr/bin/python3 -c 'import gi; gi.require_version("GMime", "3.0")' 2>probe.err; then gmime=no; fi

tab=$(printf '\t')
while IFS=$tab read -r script name subject text; do
    cp data.bin "$script.bin"
    for account in plain eight; do
        jq -n -c --arg name "$name" --arg subject "$subject" --arg text "$text" --arg script "$script" --arg account "$account" \
            '{account: $account, from: {name: $name, email: ($account + "@example.com")}, to: [{name: $name, email: "x@example.net"}, {name: ($name + " " + $script), email: "y@example.net"}],
              subject: $subject, text: $text, html: ("<p>" + $text + "</p>"), attachments: [{path: ($script + ".bin"), name: ($name + " " + $subject + ".bin" | gsub("/"; ""))}]}' |
            mail-compose --dry-run >m.eml
        jq -n -c --arg name "$name" --arg subject "$subject" --arg text "$text" --arg script "$script" --arg account "$account" --arg sum "$sum" \
            '{subject: $subject, from: [[$name, $account + "@example.com"]], to: [[$name, "x@example.net"], [$name + " " + $script, "y@example.net"]], text: ($text + "\n"),
              html: ("<p>" + $text + "</p>\n"), files: [[$name + " " + $subject + ".bin" | gsub("/"; ""), $sum]]}' >wanted.json
        same "$script" "$account"
    done
done <scripts.tsv

# Texts with every length of line around the limits, in each encoding.
for n in 75 76 77 78 79 990 991 998 999 1500; do
    for letter in x é; do
        text=$(yes "$letter" | head -n "$n" | tr -d '\n')
        mail-compose -a eight --to x@example.net --subject "$n" --text "$text  " --dry-run >m.eml
        jq -n -c --arg n "$n" --arg text "$text" '{subject: $n, from: [["", "eight@example.com"]], to: [["", "x@example.net"]], text: ($text + "  \n"), html: "", files: []}' >wanted.json
        same "$n of $letter" eight
    done
done

# A thousand recipients.
seq 1000 | jq -R -s -c '{to: [split("\n")[] | select(. != "") | {name: ("Person № " + .), email: ("p" + . + "@example.net")}], subject: "all", text: "x"}' | mail-compose --dry-run >m.eml
jq -n -c '{subject: "all", from: [["", "plain@example.com"]], to: [range(1; 1001) | ["Person № \(.)", "p\(.)@example.net"]], text: "x\n", html: "", files: []}' >wanted.json
same 'a thousand recipients' plain

# A gigabyte goes through in little memory.
truncate -s 1G big.bin
sed -i '/^email = plain/a smtp.maxSize = 2G' etc/mailpipe.conf
if [ -n "${MAILPIPE_SAN:-}" ] || nm -D "$(command -v mail-compose)" 2>nm.err | grep -q asan; then
    skip 1 'needs a build without sanitizers'
else
    ok 'a gigabyte in 32 MB' sh -c 'ulimit -d 32768; exec mail-compose --to x@example.net --text x --attach big.bin --dry-run >/dev/null'
fi
done_testing
