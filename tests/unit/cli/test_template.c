/* Templates that people write, with docker's results, and its words for those that are wrong. */
#include "tests/unit/unit.h"

#include "cli/template.h"

static const char document[] = "{\"ID\":\"c16337ad61b4\",\"Size\":\"6.04MB\",\"N\":3,\"Nothing\":null,\"Yes\":true,\"Empty\":[],"
			       "\"Config\":{\"Env\":[\"A=1\",\"B=2\"],\"Labels\":{\"team\":\"web\",\"a.b\":\"c\"},\"Cmd\":[\"sh\"]},"
			       "\"Ports\":{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8080\"}],\"53/udp\":null}}";

static const struct {
	const char *template, *result;
} good[] = {
	{"", ""},
	{"plain", "plain"},
	{"{{.ID}}: {{.Size}}", "c16337ad61b4: 6.04MB"},
	{"{{ .Config.Env }}", "[A=1 B=2]"},
	{"{{.Config.Labels}}", "map[a.b:c team:web]"},
	{"{{json .Config.Cmd}}", "[\"sh\"]"},
	{"{{json .ID}}", "\"c16337ad61b4\""},
	{"{{.Config.Labels.team}}", "web"},
	{"{{index .Config.Labels \"a.b\"}}", "c"},
	{"{{index .Config.Env 1}}", "B=2"},
	{"{{.Config.Nosuch}}", "<no value>"},
	{"{{.Label \"team\"}}|{{.Label \"x\"}}", "web|"},
	{"{{if .Yes}}a{{else}}b{{end}}{{if .Nothing}}c{{else if .Yes}}d{{else}}e{{end}}", "ad"},
	{"{{range .Config.Env}}[{{.}}]{{end}}", "[A=1][B=2]"},
	{"{{range $i, $e := .Config.Env}}{{$i}}={{$e}};{{end}}", "0=A=1;1=B=2;"},
	{"{{range .Empty}}x{{else}}none{{end}}", "none"},
	{"{{range $p, $c := .Ports}}{{$p}}{{with $c}} {{(index . 0).HostPort}}{{end}};{{end}}", "53/udp;80/tcp 8080;"},
	{"{{with .Config}}{{.Cmd}}{{$.ID}}{{end}}", "[sh]c16337ad61b4"},
	{"{{$x := .ID}}{{$x}}{{$x = \"y\"}}{{$x}}", "c16337ad61b4y"},
	{"{{len .Config.Env}}{{len .ID}}", "212"},
	{"{{eq .N 3}}{{ne .ID \"x\"}}{{lt 1 2}}{{gt 1 2}}{{and .Yes .N}}{{or .Nothing .ID}}{{not .Yes}}", "truetruetruefalse3c16337ad61b4false"},
	{"{{printf \"%s-%d %5s|%-5s| %q %%\" .ID .N \"ab\" \"cd\" \"e\"}}", "c16337ad61b4-3    ab|cd   | \"e\" %"},
	{"{{.ID | printf \"%s!\" | upper}}", "C16337AD61B4!"},
	{"{{join .Config.Env \", \"}}", "A=1, B=2"},
	{"{{range split \"a,b\" \",\"}}<{{.}}>{{end}}", "<a><b>"},
	{"{{upper \"ab\"}}{{lower \"AB\"}}{{title \"ab cd\"}}", "ABabAb Cd"},
	{"{{pad .ID 1 2}}|{{truncate .ID 3}}", " c16337ad61b4  |c16"},
	{"a  {{- .N -}}  b", "a3b"},
	{"{{/* nothing */}}x", "x"},
	{"{{println .N}}", "3\n"},
	{"{{(index (index .Ports \"80/tcp\") 0).HostIp}}", "0.0.0.0"},
	{"{{`raw\"`}}{{\"\\n\"}}", "raw\"\n"},
};

static const struct {
	const char *template, *message;
} bad[] = {
	{"{{.ID", "template parsing error: template: :1: unclosed action"},
	{"{{", "template parsing error: template: :1: unclosed action"},
	{"{{nosuch .ID}}", "template parsing error: template: :1: function \"nosuch\" not defined"},
	{"{{if .Yes}}x", "template parsing error: template: :1: unexpected EOF"},
	{"{{end}}", "template parsing error: template: :1: unexpected {{end}}"},
	{"{{(.ID}}", "template parsing error: template: :1: unclosed left paren"},
	{"{{}}", "template parsing error: template: :1: missing value for command"},
	{"{{\"abc}}", "template parsing error: template: :1: unterminated quoted string"},
	{"{{.Nosuch}}", "template parsing error: template: :1:2: executing \"\" at <.Nosuch>: map has no entry for key \"Nosuch\""},
	{"{{$x}}", "template parsing error: template: :1:2: executing \"\" at <$x>: undefined variable \"$x\""},
	{"{{len}}", "wrong number of args"},
	{"{{index .Config.Env 9}}", "index out of range: 9"},
	{"{{printf \"%99999d\" 1}}", "bad verb"},
	{"{{range .ID}}{{end}}", "range can't iterate over c16337ad61b4"},
};

static void templates_give_what_docker_gives(void **state)
{
	json_t *root = json_loads(document, 0, NULL);
	struct template_data data = {.root = root, .labels = json_object_get(json_object_get(root, "Config"), "Labels")};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		cleanup_template struct template *template = NULL;
		cleanup_error struct error err = {0};
		cleanup_buf struct buf out = {0};

		unit_assert(template_parse(&template, str_of(good[i].template), &err), "%s: %s", good[i].template, error_text(&err));
		unit_assert(template_run(template, &data, &out, &err), "%s: %s", good[i].template, error_text(&err));
		unit_assert_text(out.data ? out.data : "", good[i].result);
	}
	json_decref(root);
}

static void wrong_templates_are_named(void **state)
{
	json_t *root = json_loads(document, 0, NULL);
	struct template_data data = {.root = root};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup_template struct template *template = NULL;
		cleanup_error struct error err = {0};
		cleanup_buf struct buf out = {0};
		bool done = template_parse(&template, str_of(bad[i].template), &err) && template_run(template, &data, &out, &err);

		unit_assert(!done && strstr(error_text(&err), bad[i].message), "%s: %s", bad[i].template, error_text(&err));
	}
	json_decref(root);
}

static void a_list_has_its_own_words(void **state)
{
	json_t *root = json_loads(document, 0, NULL);
	struct template_data data = {.root = root, .type_name = "*formatter.imageContext"};
	cleanup_template struct template *template = NULL;
	cleanup_error struct error err = {0};
	cleanup_buf struct buf out = {0};

	(void)state;
	assert_true(template_parse(&template, STR("{{.Nosuch}}"), NULL));
	assert_false(template_run(template, &data, &out, &err));
	unit_assert_text(error_text(&err),
		"template parsing error: template: :1:2: executing \"\" at <.Nosuch>: can't evaluate field Nosuch in type *formatter.imageContext");
	json_decref(root);
}

static void depth_is_bounded(void **state)
{
	cleanup_template struct template *template = NULL;
	cleanup_error struct error err = {0};
	cleanup_buf struct buf text = {0};

	(void)state;
	buf_add_text(&text, "{{");
	for (int i = 0; i < 100000; i++)
		buf_add_char(&text, '(');
	assert_false(template_parse(&template, buf_str(&text), &err));
	error_clear(&err);
	buf_clear(&text);
	for (int i = 0; i < 10000; i++)
		buf_add_text(&text, "{{if 1}}");
	assert_false(template_parse(&template, buf_str(&text), &err));
	error_clear(&err);
	buf_clear(&text);
	for (int i = 0; i < 10000; i++)
		buf_add_text(&text, i ? "{{else if 1}}" : "{{if 1}}");
	buf_add_text(&text, "{{end}}");
	assert_false(template_parse(&template, buf_str(&text), &err));
}

UNIT_MAIN(cmocka_unit_test(templates_give_what_docker_gives), cmocka_unit_test(wrong_templates_are_named), cmocka_unit_test(a_list_has_its_own_words),
	cmocka_unit_test(depth_is_bounded))
