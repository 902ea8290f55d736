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
	gives("{{.Nil}} {{.S.Absent}}", "<no value> <no value>");
	gives("{{$}}", "map[E:[] H:<a> L:[a b] Label:map[a.b:c] M:map[k1:v1 k2:v2] N:3 Name:/x "
		       "Nil:<no value> "
		       "P:map[80/tcp:[map[HostIp: HostPort:8080]] 90/tcp:<no value>] "
		       "S:map[Pid:12 Status:running] T:true]");
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
	fails("{{.N 1}}", "can't give argument to non-function");
	fails("{{range .N}}{{end}}", "range can't iterate");
	fails("{{len}}", "wrong number of args");
	fails("{{/* x", "unclosed comment");
	fails("{{break}}", "outside {{range}}");
	fails("{{.S.Absent.X}}", "no entry for key \"X\"");
}
