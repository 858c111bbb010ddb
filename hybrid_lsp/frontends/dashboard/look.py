"""The style sheet: two sets of colours, by what the reader's system prefers, and one layout from 320 pixels on."""

from collections.abc import Mapping

LIGHT = {
    "ground": "#f5f4f1", "card": "#ffffff", "ink": "#1b2126", "quiet": "#59636c", "line": "#e3e2dd", "aim": "#efeeea",
    "bad": "#b3261e", "bad-ground": "#fcebe9",
    "embedded": "#4d83c4", "local": "#0e7c70", "cache": "#a07a1c", "cloud": "#d2491f",
}  # fmt: skip
DARK = {
    "ground": "#12161a", "card": "#1b2126", "ink": "#e9edf0", "quiet": "#9aa6b0", "line": "#2f373e", "aim": "#262e35",
    "bad": "#ff9c92", "bad-ground": "#3a1f1d",
    "embedded": "#7fb2ee", "local": "#2fb3a3", "cache": "#d3b052", "cloud": "#f5764a",
}  # fmt: skip
"""Text is read on `card` and `ground`, sentences of trouble on `bad-ground`."""
SOURCES = ("embedded", "local", "cache", "cloud")

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect x='1' y='6' width='4' height='9' rx='1' fill='%230e7c70'/%3E"
    "%3Crect x='6' y='9' width='4' height='6' rx='1' fill='%23a07a1c'/%3E"
    "%3Crect x='11' y='2' width='4' height='13' rx='1' fill='%23d2491f'/%3E%3C/svg%3E"
)


def style() -> str:
    """Return the whole style sheet."""
    sources = "".join(f".{name}{{--own:var(--{name})}}" for name in SOURCES)
    dark = f"@media(prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}"
    return f":root{{color-scheme:light dark;{_variables(LIGHT)}}}{dark}{sources}{_LAYOUT}"


def _variables(colours: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colours.items())


_LAYOUT = """
*{box-sizing:border-box}
body{margin:0 auto;padding:28px 24px 40px;max-width:1040px;background:var(--ground);color:var(--ink);
 font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;overflow-wrap:break-word;
 -webkit-text-size-adjust:100%;print-color-adjust:exact}
header{display:flex;flex-wrap:wrap;align-items:baseline;justify-content:space-between;gap:0 16px;margin-bottom:14px}
code{display:inline-block;max-width:100%;white-space:pre-wrap;font:.92em ui-monospace,"DejaVu Sans Mono",monospace}
h1{margin:0;font-size:22px;font-weight:650;letter-spacing:-.01em}
h2{margin:0;font-size:15px;font-weight:650}
p{margin:0}
i,svg{forced-color-adjust:none}
.quiet,small{color:var(--quiet);font-size:13px;font-weight:400}
section{margin-bottom:14px;padding:18px 20px;background:var(--card);border:1px solid var(--line);border-radius:12px}
section>p{margin-top:2px;max-width:92ch}
.bad{background:var(--bad-ground);border-color:var(--bad);color:var(--bad)}
.bad strong{display:block}
.figure{font-size:26px;line-height:1.25;font-weight:650;letter-spacing:-.015em}

.money{display:flex;flex-wrap:wrap;gap:4px 24px}
.money>div{flex:1 1 120px}
.money>div+div{flex-grow:0;margin-left:auto;text-align:right}
.money .figure{font-size:34px}
.bar{display:flex;height:14px;margin:12px 0 10px;border-radius:7px;overflow:hidden;background:var(--line)}
.bar i{flex:none;min-width:3px;background:var(--fill)}
.spent{--fill:var(--cloud)}
.assumed{--fill:radial-gradient(circle,var(--card) 1.1px,transparent 1.4px) 0 0/5px 5px,var(--cloud)}
.held{--fill:repeating-linear-gradient(-45deg,var(--cloud) 0 2px,var(--card) 2px 5px)}
.legend{display:flex;flex-wrap:wrap;gap:2px 18px;margin:0;padding:0;list-style:none;font-size:13px}
.legend i{display:inline-block;width:11px;height:11px;margin-right:6px;border-radius:3px;
 background:var(--fill,var(--own));vertical-align:-1px}
.legend b{font-weight:650}

.tiles{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:14px;margin-bottom:14px}
.tiles section{margin:0}
.tiles h2{color:var(--quiet);font-size:13px;font-weight:400}
.tiles p{color:var(--quiet);font-size:13px;line-height:1.4}

.chart{display:grid;grid-template-columns:minmax(44px,auto) 1fr;gap:6px 8px;margin:16px 0 4px}
.chart svg{display:block;width:100%;height:190px;overflow:visible}
.chart.low svg{height:96px}
.scale{display:flex;flex-direction:column;justify-content:space-between;text-align:right}
.scale span{height:0;line-height:0}
.scale,.dates{color:var(--quiet);font-size:11px;font-variant-numeric:tabular-nums;white-space:nowrap}
.dates{grid-column:2}
.dates div{display:grid;grid-template-columns:repeat(var(--days),minmax(0,1fr))}
.dates div:first-child{text-align:center}
.dates div+div span{padding-left:4px;border-left:1px solid var(--line);overflow:hidden}
svg line{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
svg rect{fill:var(--own)}
svg .aim{fill:transparent}
svg g:hover .aim{fill:var(--aim)}
.legend+.chart{margin-top:12px}
p+.legend{margin-top:10px}
.chart+.legend{margin-top:22px}

table{width:100%;margin-top:10px;border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:7px 0 7px 14px;border-top:1px solid var(--line);text-align:right;vertical-align:top;font-weight:400}
thead th{border-top:0;color:var(--quiet);white-space:nowrap}
th:first-child,.word{text-align:left}
th:first-child,td:first-child{padding-left:0}
tbody th{font-weight:600;overflow-wrap:anywhere}
.day{white-space:nowrap}
td small{display:block;font-size:12px;white-space:nowrap}
.source{white-space:nowrap}
.source i{display:inline-block;width:9px;height:9px;margin-right:6px;border-radius:3px;background:var(--own)}
tbody .group{padding-top:16px;color:var(--quiet);font-weight:400}
details{margin-top:12px;font-size:13px}
details p{margin-top:8px}
summary{color:var(--quiet);cursor:pointer}
summary:focus-visible{outline:2px solid var(--local);outline-offset:3px;border-radius:3px}

@media(max-width:760px){
 body{padding:18px 14px 28px}
 section{padding:15px 15px}
 h1{font-size:19px}
 .tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:10px}
 .figure{font-size:23px}
 .money .figure{font-size:27px}
 .wide{visibility:hidden}
 .chart{gap:6px 5px;grid-template-columns:minmax(30px,auto) 1fr}
 details table{font-size:12px}
 details th,details td{padding-left:7px}
 .day{white-space:normal}
 .models thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
 .models,.models tbody{display:block}
 .models tr{display:grid;grid-template-columns:repeat(5,minmax(0,1fr));gap:1px 6px;
  padding:10px 0;border-top:1px solid var(--line)}
 .models th,.models td{padding:0;border:0;text-align:left}
 .models th{grid-area:1/1/2/4}
 .models .task{grid-area:2/1/3/2}
 .models .from{grid-area:2/2/3/4}
 .models .cost{grid-area:1/4/3/6;text-align:right}
 .models [data-head]{margin-top:5px}
 .models [data-head]::before{content:attr(data-head);display:block;color:var(--quiet);font-size:11px}
 .models .group{grid-area:auto/1/auto/-1}
}
@media print{section{break-inside:avoid}}
"""
