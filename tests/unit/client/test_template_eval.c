// SPDX-License-Identifier: MIT
/* template_eval: whole templates over a document; expectations printed by Go's text/template. */
#include "tests/unit/harness.h"

#include <string.h>

#include "base/mem.h"
#include "client/template.h"

static const char doc[] =
	"{\"Label\":{\"a.b\":\"c\"},\"Name\":\"/"
	"x\",\"N\":3,\"T\":true,\"Nil\":null,\"L\":[\"a\",\"b\"],\"E\":[],"
	"\"M\":{\"k2\":\"v2\",\"k1\":\"v1\"},\"S\":{\"Status\":\"running\",\"Pid\":12},"
	"\"P\":{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}],\"90/"
	"tcp\":null},\"H\":\"<a>\"}";

static int run(const char *text, struct buf *out, struct err *e)
{
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(template_freep) struct template *t = NULL;

	CHECK_OK(json_parse(doc, strlen(doc), &v, e), *e);
	if (template_parse(text, &t, e) < 0)
		return -1;
	return template_run(t, v, out, e);
}

static void gives(const char *text, const char *want)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(run(text, &b, &e), e);
	CHECK_STR(buf_str(&b), want);
}

TEST(fields)
{
	gives("plain", "plain");
	gives("{{.Name}} {{ .S.Status }}", "/x running");
	gives("{{.N}} {{.T}} {{.L}} {{.M}}", "3 true [a b] map[k1:v1 k2:v2]");
	gives("{{.Nil}}", "<no value>");
	/* members with capitals: a struct; others: a map */
	gives("{{$}}", "{map[a.b:c] /x 3 true [] [a b] [] map[k1:v1 k2:v2] {running 12} "
		       "map[80/tcp:[{ 8080}] 90/tcp:[]] <a>}");
	gives("a {{- /* note */ -}} b{{ `raw` }}", "abraw");
	gives("x  {{- .N -}}  y", "x3y");
}

TEST(choices)
{
	gives("{{if .T}}yes{{else}}no{{end}}", "yes");
	gives("{{if .E}}yes{{else}}no{{end}}", "no");
	gives("{{if .Nil}}1{{else if .N}}2{{else}}3{{end}}", "2");
	gives("{{with .S}}{{.Pid}} {{$.N}}{{end}}", "12 3");
	gives("{{with .E}}x{{else}}none{{end}}", "none");
	gives("{{if and .T (eq .N 3)}}both{{end}}", "both");
	gives("{{if or .Nil .E}}x{{else}}neither{{end}}", "neither");
	gives("{{not .T}} {{and 1 0}} {{or 0 2}}", "false 0 2");
}

TEST(ranges)
{
	gives("{{range .L}}<{{.}}>{{end}}", "<a><b>");
	gives("{{range $i, $x := .L}}{{$i}}={{$x}};{{end}}", "0=a;1=b;");
	gives("{{range $p, $c := .P}}{{$p}}{{range $c}}->{{.HostPort}}{{end}} {{end}}",
	      "80/tcp->8080 90/tcp ");
	gives("{{range .E}}x{{else}}empty{{end}}", "empty");
	gives("{{$n := 0}}{{range .L}}{{$n = len .}}{{end}}{{$n}}", "1");
	gives("{{range $k, $v := .M}}{{$k}}{{end}}", "k2k1");
}

TEST(functions)
{
	gives("{{json .S}}", "{\"Status\":\"running\",\"Pid\":12}");
	gives("{{json .H}} {{json .Nil}} {{json .L}}", "\"<a>\" null [\"a\",\"b\"]");
	gives("{{join .L \", \"}} {{upper .Name}} {{.Name | upper | lower}}", "a, b /X /x");
	gives("{{index .L 1}} {{index .M \"k1\"}} [{{index .M \"no\"}}]", "b v1 []");
	gives("{{(index (index .P \"80/tcp\") 0).HostPort}}", "8080");
	gives("{{len .L}} {{len .Name}} {{title \"ab cd\"}}", "2 2 Ab Cd");
	gives("{{println .N \"x\"}}{{print 1 2 \"a\" \"b\"}}", "3 x\n1 2ab");
	gives("{{printf \"%s-%d-%5s|%-4s|%q|%03d|%.1f%%\" .Name 7 \"r\" \"l\" \"q\" 5 2.25}}",
	      "/x-7-    r|l   |\"q\"|005|2.2%");
	gives("{{split \"a:b\" \":\"}} {{truncate \"abcdef\" 3}} [{{pad \"x\" 1 2}}]",
	      "[a b] abc [ x  ]");
	gives("{{printf \"%08d|%+d|%x|%X|%o|%6v|%-6v|%5t|%T\" 42 7 255 255 8 3 \"ab\" true .N}}",
	      "00000042|+7|ff|FF|10|     3|ab    | true|int");
	gives("{{printf \"%s %d %z %s\" .N .Name 1}} {{printf \"%s\" .Name 7}} {{printf \"%5\"}}",
	      "%!s(int=3) %!d(string=/x) %!z(int=1) %!s(MISSING) /x%!(EXTRA int=7) %!(NOVERB)");
	gives("{{printf \"%q\" \"a\\\"\\n\\x01<\\u00e9\"}}", "\"a\\\"\\n\\x01<\xc3\xa9\"");
	gives("{{0x1f}} {{1e3}} {{'a'}} {{+3}} {{-3}} {{1.5}} {{\"\\x41\\u00e9\"}}",
	      "31 1000 97 3 -3 1.5 A\xc3\xa9");
	gives("{{eq .N 1 2 3}} {{ne .Name \"a\"}} {{lt 2 10}} {{ge \"b\" \"a\"}} {{slice .Name 1}}",
	      "true true true true x");
}

TEST(loops_may_be_left)
{
	gives("{{range .L}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}!", "a!");
	gives("{{range .L}}{{if eq . \"a\"}}{{continue}}{{end}}{{.}}{{end}}!", "b!");
	gives("{{range .L}}{{range $.L}}{{.}}{{break}}{{end}}-{{end}}", "a-a-");
}

TEST(labels_and_names_of_another_case)
{
	gives("{{.Label \"a.b\"}}|{{.Label \"none\"}}|", "c||");
	gives("{{.name}} {{.s.STATUS}}", "/x running");
}

/* as docker prints what the Engine API's types have: lists, maps and pointers without value */
TEST(typed_nulls)
{
	static const char nulls[] = "{\"Entrypoint\":null,\"Volumes\":null,\"Platform\":null,"
				    "\"N\":{\"Networks\":{\"a\":{}}}}";
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(template_freep) struct template *t = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(json_parse(nulls, strlen(nulls), &v, &e), e);
	CHECK_OK(template_parse("{{.Entrypoint}} {{.Volumes}} {{.Platform}} "
				"{{.N.Networks.b.IPAddress}}",
				&t, &e),
		 e);
	template_set_typed(t);
	CHECK_OK(template_run(t, v, &b, &e), e);
	CHECK_STR(buf_str(&b), "[] map[] <nil> <no value>");
}

/* "{{" text "}}" as an engine's answer: what it is, or the error */
static void typed(const char *text, const char *want)
{
	static const char answer[] =
		"{\"Id\":\"1\",\"State\":{\"Status\":\"up\"},\"Ports\":{\"80/tcp\":null},"
		"\"Config\":{\"Labels\":{\"a\":\"b\"}}}";
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(template_freep) struct template *t = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(json_parse(answer, strlen(answer), &v, &e), e);
	CHECK_OK(template_parse(text, &t, &e), e);
	template_set_typed(t);
	template_set_root(t, "name", strchr(text, 'T') != NULL ? "T" : NULL);
	if (template_run(t, v, &b, &e) < 0)
		CHECK_STR(e.msg, want);
	else
		CHECK_STR(buf_str(&b), want);
}

/* What the API leaves out when it is empty has its type's zero; other fields are errors, at the
 * byte that Go names. */
TEST(fields_that_are_not_there)
{
	typed("{{.State.Health}} {{.SizeRw}} {{.VirtualSize}}{{.Config.StopSignal}} {{.Status}}",
	      "<nil> <nil> 0 map[]");
	typed("{{.Config.Labels.x}} {{.Config.Labels.x.y}}", "<no value> <no value>");
	typed("{{.State.Nope}}",
	      "template: name:1:8: executing \"name\" at <.State.Nope>: map has no "
	      "entry for key \"Nope\"");
	typed("\n x{{ .Nope.Deeper }}",
	      "template: name:2:10: executing \"name\" at <.Nope.Deeper>: map "
	      "has no entry for key \"Nope\"");
	typed("{{.State.Health.Status}}", "template: name:1:8: executing \"name\" at "
					  "<.State.Health.Status>: map has no entry for "
					  "key \"Health\"");
	typed("T{{.Nope}}",
	      "template: name:1:3: executing \"name\" at <.Nope>: can't evaluate field "
	      "Nope in type T");
	typed("{{index .Ports \"80/tcp\"}}", "<no value>");
	typed("{{(index (index .Ports \"8/tcp\") 0).X}}",
	      "template: name:1:3: executing \"name\" at <index (index .Ports \"8/tcp\") 0>: error "
	      "calling index: index of untyped nil");
	typed("{{$x := .State}}{{$x.A}}",
	      "template: name:1:20: executing \"name\" at <$x.A>: map has no "
	      "entry for key \"A\"");
}

/* the headings of a table have no labels: the name's last part is the heading */
TEST(label_headings)
{
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(template_freep) struct template *t = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(json_parse("{}", 2, &v, &e), e);
	CHECK_OK(template_parse("{{.Label \"com.example.some-name\"}}", &t, &e), e);
	CHECK_OK(template_run(t, v, &b, &e), e);
	CHECK_STR(buf_str(&b), "some name");
}

static void fails(const char *text, const char *want)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK_EQ(run(text, &b, &e), -1);
	CHECK_MSG(strstr(e.msg, want) != NULL, "%s: %s", text, e.msg);
}

TEST(refused)
{
	fails("{{", "unclosed action");
	fails("{{.Name", "unclosed action");
	fails("{{if .T}}x", "unexpected EOF");
	fails("{{end}}", "unexpected {{end}}");
	fails("{{foo .}}", "function \"foo\" not defined");
	fails("{{\"x}}", "unterminated quoted string");
	fails("{{}}", "missing value for command");
	fails("{{.Name.X}}", "can't evaluate field X");
	fails("{{.Absent}}", "map has no entry for key \"Absent\"");
	fails("{{index .L 5}}", "out of range");
	fails("{{$x}}", "undefined variable");
	fails("{{\"a\" \"b\"}}", "at <\"a\">: can't give argument to non-function \"a\"");
	fails("{{.N 1}}", ":1:2: executing \"\" at <.N>: N is not a method but has arguments");
	fails("{{.Name}", "bad character U+007D '}'");
	fails("{{if}}{{end}}", "missing value for if");
	fails("{{()}}", "missing value for parenthesized pipeline");
	fails("{{(.N}}", "unclosed left paren");
	fails("{{.N)}}", "unexpected right paren");
	fails("{{@}}", "unexpected \"@\" in command");
	fails("{{| .N}}", "unexpected \"|\" in command");
	fails("a\n{{.L.0}}", ":2: unexpected \".0\" in operand");
	fails("{{eq .Name 1}}",
	      "error calling eq: incompatible types for comparison: string and int");
	fails("{{len 3}}", "at <len 3>: error calling len: len of type int");
	fails("{{slice .Name 1 9}}", "error calling slice: index out of range: 9");
	fails("{{slice .Name 2 1}}", "invalid slice index: 2 > 1");
	fails("{{upper 1}}", "expected string; got int");
	fails("{{range .Name}}{{end}}",
	      ":1:8: executing \"\" at <.Name>: range can't iterate over /x");
	fails("{{len}}", "at <len>: wrong number of args for len: want 1 got 0");
	fails("{{/* x", "unclosed comment");
	fails("{{break}}", "outside {{range}}");
	fails("{{.S.Absent.X}}", "no entry for key \"Absent\"");
}
