# net.awk: the table of make bench-net out of net-bars and "engine metric value" lines; exit
# status 1 when a bar does not hold. A bar against what was not measured is left out.
function median(e, m,    n, i, j, t, v) {
	n = count[e, m]
	if (!n)
		return ""
	for (i = 1; i <= n; i++) {
		t = value[e, m, i]
		for (j = i - 1; j >= 1 && v[j] > t; j--)
			v[j + 1] = v[j]
		v[j + 1] = t
	}
	return v[int((n + 1) / 2)]
}

# the better of the peers: the larger for "at least", the smaller for "at most"
function reference(e, m, op,    i, v, best) {
	if (e != "peers")
		return median(e, m)
	best = ""
	for (i = 1; i <= n_engines; i++) {
		if (engine[i] == "thimble" || engine[i] == "floor")
			continue
		v = median(engine[i], m)
		if (v != "" && (best == "" || (op == ">=" ? v > best : v < best)))
			best = v
	}
	return best
}

function judge(m, ours, bar,    w, n, ref, ratio, ok) {
	n = split(bar, w, " ")
	if (n == 2) {
		ok = w[1] == "<=" ? ours <= w[2] : ours >= w[2]
		below += !ok
		return sprintf("%s %s%s", w[1], w[2], ok ? "" : " **BELOW**")
	}
	ref = reference(w[3], m, w[1])
	if (ref == "" || ref == 0)
		return ""
	ratio = ours / ref
	ok = w[1] == "<=" ? ratio <= w[2] : ratio >= w[2]
	below += !ok
	return sprintf("%.2f x %s (%s %s)%s", ratio, w[3], w[1], w[2], ok ? "" : " **BELOW**")
}

function table(    r, i, j, n, f, b, bar, line, verdict, ours) {
	printf "| |"
	for (i = 1; i <= n_engines; i++)
		printf " %s |", engine[i]
	print " thimble's ratio (bar) |"
	for (i = 0; i <= n_engines + 1; i++)
		printf "|---"
	print "|"
	for (r = 1; r <= rows; r++) {
		split(row[r], f, "|")
		line = "| " f[2] " |"
		for (i = 1; i <= n_engines; i++)
			line = line sprintf(" %s |", median(engine[i], f[1]))
		ours = median("thimble", f[1])
		verdict = ""
		n = split(f[3], bar, ", ")
		for (j = 1; j <= n && ours != ""; j++) {
			b = judge(f[1], ours, bar[j])
			verdict = verdict (verdict != "" && b != "" ? ", " : "") b
		}
		if (n > 0 && ours == "") {
			verdict = "not measured **BELOW**"
			below++
		}
		print line " " verdict " |"
	}
}

BEGIN { n_engines = split(engines, engine, " ") }
/^#/ { next }
FNR == NR {
	if (only == "" || index(" " only " ", " " substr($0, 1, index($0, "|") - 1) " "))
		row[++rows] = $0
	next
}
NF == 3 { value[$1, $2, ++count[$1, $2]] = $3 + 0 }
END {
	table()
	print below + 0 " bars do not hold"
	exit below > 0
}
