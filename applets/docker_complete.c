// SPDX-License-Identifier: MIT
/*
 * docker completion SHELL: a short script that asks docker __complete WORDS...;
 * the answer comes from the tables of commands and options, and from the engine
 * for names. Its form is that of Docker's CLI (cobra): "word<tab>text" lines,
 * then ":4" where no file fits and ":0" where one may.
 */
#include <stdio.h>
#include <string.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"

static const struct {
	const char *shell, *script;
} scripts[] = {
	{"bash", "_docker() {\n"
		 "\tlocal IFS=$'\\n' cur=${COMP_WORDS[COMP_CWORD]}\n"
		 "\tCOMPREPLY=($(compgen -W \"$(docker __complete "
		 "\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null |\n"
		 "\t\tsed '/^:/d;s/\\t.*//')\" -- \"$cur\"))\n"
		 "}\n"
		 "complete -o default -F _docker docker\n"},
	{"fish", "complete -c docker -a '(docker __complete (commandline -opc)[2..-1] "
		 "(commandline -ct) 2>/dev/null | string match -v \":*\")'\n"},
	{"zsh", "#compdef docker\n"
		"_docker() {\n"
		"\tlocal -a found\n"
		"\tlocal line\n"
		"\tfor line in ${(f)\"$(docker __complete \"${(@)words[2,CURRENT]}\" "
		"2>/dev/null)\"}; do\n"
		"\t\t[[ $line = :* ]] ||\n"
		"\t\t\tfound+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
		"\tdone\n"
		"\t(( $#found )) && _describe docker found || _files\n"
		"}\n"
		"compdef _docker docker\n"},
};

int docker_completion(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < ARRAY_LEN(scripts); i++)
		if (strcmp(argv[1], scripts[i].shell) == 0) {
			fputs(scripts[i].script, stdout);
			return 0;
		}
	fputs("Usage:  docker completion bash|fish|zsh\n\nGenerate the autocompletion script for "
	      "the specified shell\n",
	      argc == 1 || str_eq(argv[1], "--help") ? stdout : stderr);
	return argc == 1 || str_eq(argv[1], "--help") ? 0 : 1;
}

static void suggest(const char *start, const char *word, const char *text)
{
	if (word != NULL && str_starts(word, start))
		printf("%s%s%s\n", word, text != NULL ? "\t" : "", text != NULL ? text : "");
}

static void suggest_options(const struct opt *opts, const char *start)
{
	for (; opts != NULL && opts->type != OPT_END; opts++) {
		CLEANUP(freep) char *name = xasprintf("--%s", opts->long_name);

		if (opts->help != NULL)
			suggest(start, name, opts->help);
	}
}

static void suggest_commands(const char *group, const char *start)
{
	for (const struct docker_command *c = docker_commands; c->name != NULL; c++)
		if (strcmp(c->group, group) == 0)
			suggest(start, c->name, c->cmd->about);
	for (const struct docker_group *g = docker_groups; *group == 0 && g->name != NULL; g++)
		suggest(start, g->name, g->about);
}

/* What the words of a command's synopsis ask of the engine; a list inside the answer, and where a
 * name is: a member, the first of a list, each of a list. */
static const struct source {
	const char *word, *path, *list, *member;
} sources[] = {
	{"CONTAINER", "/containers/json?all=1", NULL, "Names"},
	{"NAME|ID", "/containers/json?all=1", NULL, "Names"},
	{"IMAGE", "/images/json", NULL, "RepoTags"},
	{"SOURCE_IMAGE", "/images/json", NULL, "RepoTags"},
	{"REPOSITORY", "/images/json", NULL, "RepoTags"},
	{"NETWORK", "/networks", NULL, "Name"},
	{"VOLUME", "/volumes", "Volumes", "Name"},
};

static const struct source *find_source(const char *word)
{
	size_t n = strcspn(word, " []:.");

	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (strncmp(sources[i].word, word, n) == 0 && sources[i].word[n] == 0)
			return &sources[i];
	return NULL;
}

static void suggest_objects(struct docker_cli *cli, const struct source *s, const char *start)
{
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;

	if (docker_call(cli, "GET", xstrdup(s->path), &v, &e) < 0)
		return;
	json_for_each (item, s->list != NULL ? json_get(v, s->list) : v) {
		const struct json *found = json_get(item, s->member);

		suggest(start, json_str(found), NULL);
		json_for_each (name, json_kind(found) == JSON_ARRAY ? found : NULL)
			suggest(start, json_str(name) + (*json_str(name) == '/'), NULL);
	}
}

/* the word of "[OPTIONS] CONTAINER COMMAND [ARG...]" that the n-th operand stands for */
static const struct source *operand_source(const char *args, int n)
{
	CLEANUP(strv_clear) struct strv words = STRV_INIT;
	size_t at;

	strv_split(&words, args, " ");
	at = (size_t)n + (words.len > 0 && str_eq(words.items[0], "[OPTIONS]"));
	if (words.len > 0 && at >= words.len && strstr(words.items[words.len - 1], "...") != NULL)
		at = words.len - 1;
	return at < words.len ? find_source(words.items[at] + (*words.items[at] == '[')) : NULL;
}

/* the option that a word names and whose value comes next; NULL none */
static const struct opt *takes_value(const struct opt *opts, const char *word)
{
	for (; opts != NULL && opts->type != OPT_END; opts++) {
		bool is = word[0] == '-' && word[1] == '-'
				  ? str_eq(opts->long_name, word + 2)
				  : word[1] != 0 && word[2] == 0 && opts->short_name == word[1];

		if (is && opts->type != OPT_FLAG && opts->type != OPT_MAYBE)
			return opts;
	}
	return NULL;
}

int docker_suggest(struct docker_cli *cli, int argc, char **argv)
{
	const char *group = "", *start = argc > 0 ? argv[argc - 1] : "";
	const struct docker_cmd *cmd = NULL;
	const struct opt *opts = docker_global_opts, *value = NULL;
	const struct source *source = NULL;
	int operands = 0;

	for (int i = 0; i < argc - 1; i++) {
		const struct docker_command *c = docker_commands;

		if (value != NULL || argv[i][0] == '-') {
			value = value != NULL ? NULL : takes_value(opts, argv[i]);
			continue;
		}
		if (cmd != NULL) {
			operands++;
			continue;
		}
		while (c->name != NULL &&
		       (strcmp(c->group, group) != 0 || strcmp(c->name, argv[i]) != 0))
			c++;
		cmd = c->cmd;
		opts = cmd != NULL ? cmd->opts : opts;
		if (cmd == NULL)
			group = argv[i]; /* one that is not known has no commands */
	}
	if (value != NULL)
		source = str_eq(value->metavar, "network") ? find_source("NETWORK") : NULL;
	else if (*start == '-')
		suggest_options(opts, start);
	else if (cmd == NULL)
		suggest_commands(group, start);
	else
		source = operand_source(cmd->args, operands);
	if (source != NULL)
		suggest_objects(cli, source, start);
	puts(source != NULL || (value == NULL && (cmd == NULL || *start == '-')) ? ":4" : ":0");
	return 0;
}
