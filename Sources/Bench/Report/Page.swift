// What all pages of reports have in common: the look.

enum Page {
  /// Colours that lines take turns with.
  static let colourCount = 6

  static let style = """
    :root{--back:#f6f7f9;--card:#fff;--text:#1c2330;--soft:#667085;--rule:#e4e7ec;--good:#067647;\
    --goodback:#e7f6ee;--bad:#b42318;--badback:#fdecea;--warn:#8a5a00;--warnback:#fdf3dc;\
    --c0:#2563eb;--c1:#d9480f;--c2:#0f8a6a;--c3:#8b3fc7;--c4:#b7791f;--c5:#c2255c}
    @media(prefers-color-scheme:dark){:root{--back:#12151b;--card:#1b2029;--text:#e6e9ef;\
    --soft:#98a2b3;--rule:#2e3542;--good:#6fdca4;--goodback:#12301f;--bad:#ff9b8f;\
    --badback:#3a1a17;--warn:#f2c663;--warnback:#362a10;--c0:#6ea8fe;--c1:#ff9a5c;--c2:#4fd1b0;\
    --c3:#c79bf2;--c4:#e8bd67;--c5:#f783ac}}
    *{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--text);\
    font:15px/1.5 system-ui,sans-serif}
    main{max-width:1400px;margin:0 auto;padding:28px 20px 60px}
    h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:0 0 2px}
    .soft{color:var(--soft);margin:0 0 14px}code{font:13px ui-monospace,monospace;\
    background:var(--rule);padding:2px 6px;border-radius:5px;word-break:break-word}
    section{background:var(--card);border:1px solid var(--rule);border-radius:12px;\
    padding:20px 22px;margin-top:18px}
    .verdict{display:inline-block;border-radius:8px;padding:5px 12px;margin:0 8px 12px 0}
    .good{color:var(--good);background:var(--goodback)}.bad{color:var(--bad);\
    background:var(--badback)}.warn{color:var(--warn);background:var(--warnback)}
    .tiles{display:flex;flex-wrap:wrap;gap:12px 34px;margin:6px 0 16px}
    .tile b{display:block;font-size:22px;font-variant-numeric:tabular-nums}
    .tile span{color:var(--soft);font-size:13px}
    .plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:20px}
    figure{margin:0;max-width:760px}figcaption{font-weight:600;margin-bottom:4px}svg{width:100%;height:auto;\
    display:block}
    .grid{stroke:var(--rule)}.tick,.axis{fill:var(--soft);font-size:12px}
    .line{fill:none;stroke-width:2.2;stroke-linejoin:round;vector-effect:non-scaling-stroke}
    .area{opacity:.16;stroke:none}
    \((0..<colourCount).map { "polyline.c\($0){stroke:var(--c\($0))}polygon.c\($0)"
      + "{fill:var(--c\($0))}.key.c\($0)::before{background:var(--c\($0))}" }.joined())
    .legend{margin:6px 0 0}.key{margin-right:16px;font-size:13px}.key::before{content:"";\
    display:inline-block;width:14px;height:3px;border-radius:2px;margin:0 6px 4px 0;\
    vertical-align:middle}
    .wide{overflow-x:auto}table{border-collapse:collapse;margin-top:14px;\
    font-variant-numeric:tabular-nums;font-size:14px}
    th,td{padding:5px 12px;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap}
    th:first-child,td:first-child{text-align:left;padding-left:0}th{color:var(--soft);\
    font-weight:500}
    """
}
