"""URLs that lead, or that some parser or resolver takes to lead, where no webhook may go.

`{port}` is that of the listeners on loopback. Any name leads to 127.0.0.1 in the tests that use them.
"""

from __future__ import annotations

# Addresses as they should be written: right as URLs, refused for where they lead.
ADDRESSES = [
    *("127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.255", "0.0.0.0", "0.0.0.1", "0.255.255.255"),
    *("10.0.0.0", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.20.10.2", "172.31.255.255"),
    *("192.168.0.1", "192.168.1.1", "192.168.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255"),
    *("169.254.0.1", "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.169.123", "169.254.255.255"),
    *("168.63.129.16", "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.0.192", "192.0.2.1", "192.88.99.1"),
    *("198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.255", "224.0.0.1", "224.0.0.251", "239.255.255.250"),
    *("240.0.0.1", "250.1.2.3", "255.255.255.254", "255.255.255.255"),
    *("[::]", "[::1]", "[::2]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0001]"),
    *("[::127.0.0.1]", "[::7f00:1]", "[::10.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:127.0.0.2]"),
    *("[0:0:0:0:0:ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:0001]", "[::ffff:0.0.0.0]", "[::ffff:10.0.0.1]"),
    *("[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::ffff:192.168.1.1]", "[::ffff:100.64.0.1]"),
    *("[::ffff:0:127.0.0.1]", "[::ffff:0:7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a00:1]"),
    *("[64:ff9b::169.254.169.254]", "[64:ff9b::0.0.0.0]", "[64:ff9b::]", "[64:ff9b:1::1]", "[64:ff9b:1::7f00:1]"),
    *("[64:ff9b:1:ffff::10.0.0.1]", "[64:ff9a::1]", "[64:ff9b:0:0:1::1]", "[100::1]", "[100:0:0:1::1]"),
    *("[2002::1]", "[2002:7f00:1::]", "[2002:7f00:0001::1]", "[2002:a00:1::1]", "[2002:c0a8:101::1]"),
    *("[2002:a9fe:a9fe::1]", "[2001::1]", "[2001:0:7f00:1::1]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]"),
    *("[2001:2::1]", "[2001:10::1]", "[2001:20::1]", "[2001:30::1]", "[2001:1::1]", "[2001:1ff:ffff::1]"),
    *("[2001:db8::1]", "[2001:DB8:ffff::1]", "[3fff::1]", "[3fff:fff:ffff::1]", "[5f00::1]"),
    *(
        "[fc00::1]",
        "[fd00::1]",
        "[fd00:ec2::254]",
        "[fd20:ce::254]",
        "[fdff:ffff::1]",
        "[fe80::1]",
        "[fe80::a9fe:a9fe]",
    ),
    *("[febf::1]", "[fec0::1]", "[feff::1]", "[ff01::1]", "[ff02::1]", "[ff02::fb]", "[ff05::1:3]", "[ff0e::1]"),
    *("[4000::1]", "[8000::1]", "[e000::1]", "[1::1]", "[1fff:ffff::1]", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]"),
]

# Names: right as URLs; where they lead is up to the resolver.
NAMES = [
    *(
        "localhost",
        "LOCALHOST",
        "localhost.localdomain",
        "localhost6",
        "ip6-localhost",
        "ip6-loopback",
        "broadcasthost",
    ),
    *("metadata", "metadata.google.internal", "instance-data", "kubernetes.default.svc", "host.docker.internal"),
    *("127.0.0.1.nip.io", "7f000001.nip.io", "10-0-0-1.example.org", "0x7f.0.0.1.example.org", "db_master", "a"),
    *("xn--lcalhost-9wa.example", "1.0.0.127.in-addr.arpa", "127.0.0.1x", "0xg", "1e3.x", "127-0-0-1"),
]

# What is no host at all as we read one, though others may: hosts only, tried with both schemes.
ODD_HOSTS = [
    *("2130706433", "2130706434", "017700000001", "0177.0.0.1", "0177.0.0.01", "0177.0.1", "00000177.1", "0x7f000001"),
    *(
        "0X7F000001",
        "0x7f.0.0.1",
        "0x7f.1",
        "0x7f.0x0.0x0.0x1",
        "127.1",
        "127.0.1",
        "127.0x1",
        "127.00.0.1",
        "127.0.0.01",
    ),
    *("127.0.0.0x1", "127.0.0.1.", "127.1.", "0", "0.", "0x0", "00", "0.0", "0x", "1", "127", "10.1", "192.168.257"),
    *(
        "3232235777",
        "0xc0a80101",
        "0xA9FEA9FE",
        "2852039166",
        "0251.0376.0251.0376",
        "0xa9.0xfe.0xa9.0xfe",
        "169.254.43518",
    ),
    *(
        "4294967295",
        "4294967296",
        "18446744071562067969",
        "256.0.0.1",
        "127.0.0.256",
        "1.2.3.4.5",
        "127..1",
        "127.0.0..1",
    ),
    *(".127.0.0.1", "127.0.0.1..", "1.1.1.1.", "example.1", "example.0x1", "example.0x7F000001", "a.b.09"),
    *("localhost.", "localhost..", ".localhost", "..", ".", "a..b", "-a.example", "a-.example", "a.example-", "a" * 64),
    *(f"{'a.' * 127}ab", f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 62}.e"),
    *("%31%32%37.0.0.1", "127.0.0.1%00", "127.0.0.1%2eexample.org", "%6c%6f%63alhost", "localhost%00.example.org"),
    *("localhost%09", "loc%61lhost", "%5b::1%5d", "a%20b", "%"),
    *("①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "١٢٧.٠.٠.١", "१२७.0.0.1", "𝟏𝟐𝟕.0.0.1"),
    *(
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "loc\u00adalhost",
        "local\u200bhost",
        "ｌocalhost",
        "localhoſt",
        "loca\u0131host",
        "münchen.example",
        "faß.de",
    ),
    *(
        "[::1%25lo]",
        "[::1%lo]",
        "[fe80::1%25eth0]",
        "[fe80::1%1]",
        "[::1%251]",
        "[::1",
        "::1]",
        "::1",
        "::",
        "[]",
        "[:::1]",
    ),
    *(
        "[::1]]",
        "[[::1]]",
        "[::1].example.org",
        "a[::1]",
        "[127.0.0.1]",
        "[::1.2.3]",
        "[::0x7f.1]",
        "[1:2:3:4:5:6:7:8:9]",
    ),
    *("[::ffff:127.1]", "[::ffff:0177.0.0.1]", "[v1.a]", "[vF.127.0.0.1]", "[localhost]", "[::g]", "[12345::1]"),
    *(
        "127.0.0.1,example.org",
        "example.org;127.0.0.1",
        "{127.0.0.1}",
        "(localhost)",
        "127.0.0.1$",
        "local*host",
        "a!b",
        "a~b",
    ),
    *("a'b", 'a"b', "<localhost>", "a|b", "a^b", "a`b", "a=b", "a+b", "a&b", "a,b"),
]

# Whole URLs.
ODD_URLS = [
    *(
        "",
        " ",
        "/",
        "//127.0.0.1:{port}/",
        "127.0.0.1:{port}",
        "localhost:{port}/",
        "http",
        "http:",
        "http:/",
        "http://",
    ),
    *("https://", "http:///", "http:///127.0.0.1/", "https:///localhost:{port}", "http:/127.0.0.1:{port}/"),
    *("http:127.0.0.1:{port}", "http:\\\\127.0.0.1:{port}\\", "http:/\\127.0.0.1:{port}", "http:\\/127.0.0.1:{port}"),
    *("https:\\\\localhost", "http://127.0.0.1\\@example.org:{port}/", "http://example.org\\.127.0.0.1:{port}/"),
    *("http://a:b@127.0.0.1:{port}/", "http://example.org@127.0.0.1:{port}/", "https://127.0.0.1:{port}@example.org/"),
    *("http://example.org:80@127.0.0.1:{port}/", "http://@127.0.0.1:{port}/", "http://:@127.0.0.1:{port}/"),
    *("http://a@b@127.0.0.1:{port}/", "http://example.org#@127.0.0.1:{port}/", "http://127.0.0.1:{port}#@example.org/"),
    *(
        "http://127.0.0.1:{port}/#x",
        "https://localhost/#",
        "http://#",
        "http://?",
    ),
    *("http://:{port}/", "https://:443", "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:99999/"),
    *("http://127.0.0.1:-1/", "http://127.0.0.1:+{port}/", "http://127.0.0.1: {port}/", "http://127.0.0.1:{port} /"),
    *("http://127.0.0.1:{port}:80/", "http://127.0.0.1::{port}/", "http://127.0.0.1:0x50/", "http://127.0.0.1:８０/"),
    *(
        "http://127.0.0.1:{port}a/",
        "http://127.0.0.1:000000{port}/",
        "http://127.0.0.1:{port}%20/",
        "http://localhost:٨٠/",
    ),
    *(
        " http://127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/ ",
        "http://127.0.0.1:{port}/a b",
        "\thttp://127.0.0.1:{port}/",
    ),
    *(
        "ht\ttp://127.0.0.1:{port}/",
        "http://127.0\t.0.1:{port}/",
        "http://127.0.0.1:{port}/\t",
        "http://local\nhost:{port}/",
    ),
    *(
        "http://127.0.0.1:{port}/\r\nHost: x",
        "http://127.0.0.1:{port}\r\n/",
        "http://127.0.0.1:{port}/\n",
        "http://\n/",
    ),
    *("http://127.0.0.1:{port}/?a=\r\nSet-Cookie:x", "https://localhost/\x00", "http://localhost\x00.example.org/"),
    *(
        "http://127.0.0.1:{port}/\x7f",
        "http://127.0.0.1:{port}/\u2028",
        "http://127.0.0.1:{port}/ü",
        "\ufeffhttp://localhost/",
    ),
    *("http://127.0.0.1:{port}/\udc80", "http://\ud800/", "http://127.0.0.1:{port}/a\\b", "https://localhost\\"),
    *("file:///etc/passwd", "file://127.0.0.1/etc/passwd", "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/_x"),
    *(
        "dict://127.0.0.1:{port}/",
        "ldap://127.0.0.1:{port}/",
        "tftp://127.0.0.1:{port}/",
        "jar:http://127.0.0.1:{port}/!/",
    ),
    *(
        "data:text/plain,x",
        "javascript:alert(1)",
        "ws://127.0.0.1:{port}/",
        "wss://127.0.0.1:{port}/",
        "unix:///run/x.sock",
    ),
    *(
        "http+unix://%2frun%2fx.sock/",
        "unix+http://127.0.0.1:{port}/",
        "view-source:http://127.0.0.1/",
        "url:http://127.0.0.1/",
    ),
    *(
        "httpx://127.0.0.1:{port}/",
        "http2://127.0.0.1/",
        "hxxp://127.0.0.1/",
        "htTp//127.0.0.1:{port}/",
        "http;//127.0.0.1/",
    ),
    *(
        "mailto:a@127.0.0.1",
        "about:blank",
        "blob:http://127.0.0.1/",
        "ssh://127.0.0.1:{port}",
        "php://input",
        "1http://a/",
    ),
    *(f"http://127.0.0.1:{{port}}/{'a' * 2048}", f"https://localhost/?{'a' * 100_000}", f"http://{'a' * 3000}/"),
]

CORPUS = [
    *(
        f"{scheme}://{host}{place}"
        for host in ADDRESSES
        for scheme, place in (("http", ":{port}/"), ("https", ":{port}/"))
    ),
    *(f"{scheme}://{host}:{{port}}/hook" for host in NAMES for scheme in ("http", "https")),
    *(f"{scheme}://{host}:{{port}}/" for host in ODD_HOSTS for scheme in ("http", "https")),
    *ODD_URLS,
]
REFUSED_AS_WRITTEN = [*(f"https://{host}/" for host in ODD_HOSTS), *(url.replace("{port}", "8000") for url in ODD_URLS)]
RIGHT_AS_WRITTEN = [
    *(f"https://{host}/" for host in (*ADDRESSES, *NAMES)),
    *(
        "https://example.org",
        "HTTPS://EXAMPLE.ORG/",
        "http://example.org:1/",
        "https://example.org:65535/a/b;c?d=e&f=%20#"[:-1],
    ),
    *(
        "https://a.b-c.d_e.example?x",
        "https://example.org/%2e%2e/a",
        "https://[2606:4700::1111]:8443/x",
        "https://1.1.1.1",
    ),
    *(
        "https://xn--mnchen-3ya.example/",
        f"https://{'a' * 63}.example/",
        f"https://example.org/{'a' * 2028}",
        "https://3com.example",
    ),
    *(
        "https://example.org/a:b@c",
        "https://example.org/?u=http://127.0.0.1/",
        "http://example.org?@127.0.0.1:80/",
        "https://example.org/|{}^`\"<>'",
    ),
]
