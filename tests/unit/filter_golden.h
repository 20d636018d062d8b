// SPDX-License-Identifier: Apache-2.0
// Made by tools/filter_golden.py from filter_cases.txt and the mlflow package. Do not edit.
// kind, filter, what it becomes, or "! " and the message.

GOLDEN(runs, "metrics.acc > 0.5",
       "metric.acc > 0.5")
GOLDEN(runs, "metrics.acc>0.5",
       "metric.acc > 0.5")
GOLDEN(runs, "metrics.acc > .5",
       "metric.acc > 0.5")
GOLDEN(runs, "metrics.acc > 5.",
       "metric.acc > 5")
GOLDEN(runs, "metrics.acc > -1e-3",
       "metric.acc > -0.001")
GOLDEN(runs, "metrics.acc > +1",
       "! Invalid clause(s) in filter string: 'metrics.acc', '>', '+', '1'")
GOLDEN(runs, "metrics.acc > 1e5",
       "metric.acc > 100000")
GOLDEN(runs, "metrics.acc > - 1",
       "! Invalid clause(s) in filter string: 'metrics.acc', '>', '-', '1'")
GOLDEN(runs, "metrics.acc == 1",
       "! Invalid comparator '==' not one of '{'!=', '<', '<=', '=', '>', '>='}")
GOLDEN(runs, "metrics.acc <> 1",
       "! Invalid comparator '<>' not one of '{'!=', '<', '<=', '=', '>', '>='}")
GOLDEN(runs, "metrics.acc > '1'",
       "! Expected numeric value type for metric. Found '1'")
GOLDEN(runs, "metrics.acc > nan",
       "! Expected numeric value type for metric. Found nan")
GOLDEN(runs, "metrics.acc > inf",
       "! Expected numeric value type for metric. Found inf")
GOLDEN(runs, "metrics.acc > 0x10",
       "! Expected numeric value type for metric. Found 0x10")
GOLDEN(runs, "metrics.acc LIKE 'a'",
       "! Expected numeric value type for metric. Found 'a'")
GOLDEN(runs, "metrics.acc IS NULL",
       "! IS NULL / IS NOT NULL is only supported for tags and params, not for 'metric' 'acc'")
GOLDEN(runs, "metrics.\042a b/c\042 <= 1",
       "metric.a b/c <= 1")
GOLDEN(runs, "metrics.`a b/c` <= 1",
       "metric.a b/c <= 1")
GOLDEN(runs, "`metrics`.acc > 1",
       "metric.acc > 1")
GOLDEN(runs, "\042metrics\042.acc > 1",
       "! Invalid entity type '\042metrics\042'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']")
GOLDEN(runs, "metrics.a.b.c > 1",
       "metric.a.b.c > 1")
GOLDEN(runs, "metrics.a-b > 1",
       "! Invalid comparison clause. Expected 'Identifier' found 'metrics.a-b'")
GOLDEN(runs, "metrics.a/b > 1",
       "! Invalid comparison clause. Expected 'Identifier' found 'metrics.a/b'")
GOLDEN(runs, "metrics.a b > 1",
       "! Invalid clause(s) in filter string: 'metrics.a'")
GOLDEN(runs, "metrics. a > 1",
       "metric. a > 1")
GOLDEN(runs, "metrics.1a > 1",
       "metric.1a > 1")
GOLDEN(runs, "metrics.\303\251 > 1",
       "metric.\303\251 > 1")
GOLDEN(runs, "params.x = 'a'",
       "parameter.x = a")
GOLDEN(runs, "params.x = \042a\042",
       "parameter.x = a")
GOLDEN(runs, "params.x = `a`",
       "! Parameter value is either not quoted or unidentified quote types used for string value `a`. Use either single or double quotes.")
GOLDEN(runs, "params.x = a",
       "! Parameter value is either not quoted or unidentified quote types used for string value a. Use either single or double quotes.")
GOLDEN(runs, "params.x = 1",
       "! Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1")
GOLDEN(runs, "params.x != 'it''s'",
       "parameter.x != it''s")
GOLDEN(runs, "params.x != 'it\134's'",
       "parameter.x != it\134's")
GOLDEN(runs, "params.x like 'A%'",
       "parameter.x LIKE A%")
GOLDEN(runs, "params.x Ilike 'A%'",
       "parameter.x ILIKE A%")
GOLDEN(runs, "params.x RLIKE 'A%'",
       "! Invalid comparator 'RLIKE' not one of '{'!=', '=', 'ILIKE', 'IS NOT NULL', 'IS NULL', 'LIKE'}'")
GOLDEN(runs, "params.x IN ('a','b')",
       "! Expected a quoted string value for parameter (e.g. 'my-value'). Got value ('a','b')")
GOLDEN(runs, "params.x NOT IN ('a','b')",
       "! Expected a quoted string value for parameter (e.g. 'my-value'). Got value ('a','b')")
GOLDEN(runs, "params.x IS NULL",
       "parameter.x IS NULL")
GOLDEN(runs, "params.x is not null",
       "parameter.x IS NOT NULL")
GOLDEN(runs, "params.x IS  NOT  NULL",
       "parameter.x IS NOT NULL")
GOLDEN(runs, "tags.`mlflow.user` IS NULL and metrics.a > 1",
       "tag.mlflow.user IS NULL AND metric.a > 1")
GOLDEN(runs, "params.x > 'a'",
       "! Invalid comparator '>' not one of '{'!=', '=', 'ILIKE', 'IS NOT NULL', 'IS NULL', 'LIKE'}'")
GOLDEN(runs, "params.x = ''",
       "parameter.x = ")
GOLDEN(runs, "params.x = '",
       "! Invalid clause(s) in filter string: 'params.x', '=', '''")
GOLDEN(runs, "params.x = 'a",
       "! Invalid clause(s) in filter string: 'params.x', '=', ''', 'a'")
GOLDEN(runs, "params.x",
       "! Invalid clause(s) in filter string: 'params.x'")
GOLDEN(runs, "params.x =",
       "! Invalid clause(s) in filter string: 'params.x', '='")
GOLDEN(runs, "= 'a'",
       "! Invalid clause(s) in filter string: '=', ''a''")
GOLDEN(runs, "'a' = params.x",
       "! Invalid comparison clause. Expected 'Identifier' found ''a''")
GOLDEN(runs, "tags.x = 'a' AND params.y = 'b'",
       "tag.x = a AND parameter.y = b")
GOLDEN(runs, "tags.x = 'a' and params.y = 'b'",
       "tag.x = a AND parameter.y = b")
GOLDEN(runs, "tags.x = 'a' OR params.y = 'b'",
       "! Invalid clause(s) in filter string: 'OR'")
GOLDEN(runs, "tags.x = 'a' params.y = 'b'",
       "tag.x = a AND parameter.y = b")
GOLDEN(runs, "tags.x = 'a', params.y = 'b'",
       "! Invalid clause(s) in filter string: ','")
GOLDEN(runs, "tags.x = 'a' AND",
       "tag.x = a")
GOLDEN(runs, "AND tags.x = 'a'",
       "tag.x = a")
GOLDEN(runs, "tags.x = 'a' AND AND tags.y='b'",
       "tag.x = a AND tag.y = b")
GOLDEN(runs, "(tags.x = 'a')",
       "! Invalid clause(s) in filter string: '(tags.x = 'a')'")
GOLDEN(runs, "NOT tags.x = 'a'",
       "! Invalid clause(s) in filter string: 'NOT'")
GOLDEN(runs, "tags.x = 'a';",
       "! Invalid clause(s) in filter string: ';'")
GOLDEN(runs, "tags.x = 'a'; tags.y = 'b'",
       "! Search filter contained multiple expression \042tags.x = 'a'; tags.y = 'b'\042. Provide AND-ed expression list.")
GOLDEN(runs, "-- hi",
       "! Invalid clause(s) in filter string: '-- hi'")
GOLDEN(runs, "tags.x = 'a' -- hi",
       "! Invalid clause(s) in filter string: '-- hi'")
GOLDEN(runs, "tags.x = 'a' /* hi */ and tags.y = 'b'",
       "! Invalid clause(s) in filter string: '/* hi */'")
GOLDEN(runs, "status = 'RUNNING'",
       "attribute.status = RUNNING")
GOLDEN(runs, "attributes.status = 'RUNNING'",
       "attribute.status = RUNNING")
GOLDEN(runs, "attr.status = 'RUNNING'",
       "attribute.status = RUNNING")
GOLDEN(runs, "run.status = 'RUNNING'",
       "attribute.status = RUNNING")
GOLDEN(runs, "attribute.status != \042FAILED\042",
       "attribute.status != FAILED")
GOLDEN(runs, "status IN ('RUNNING')",
       "! Only ['run_id'] attributes support comparison with a list of quoted string values.")
GOLDEN(runs, "status > 'RUNNING'",
       "! Invalid comparator '>' not one of '{'!=', '=', 'ILIKE', 'IN', 'LIKE', 'NOT IN'}'")
GOLDEN(runs, "start_time > 1",
       "attribute.start_time > 1")
GOLDEN(runs, "start_time > 1.5",
       "attribute.start_time > 1.5")
GOLDEN(runs, "start_time > '1'",
       "! Expected numeric value type for numeric attribute: start_time. Found '1'")
GOLDEN(runs, "start_time LIKE 'a'",
       "! Expected numeric value type for numeric attribute: start_time. Found 'a'")
GOLDEN(runs, "start_time IN (1)",
       "! Expected numeric value type for numeric attribute: start_time. Found (1)")
GOLDEN(runs, "created > 1",
       "attribute.start_time > 1")
GOLDEN(runs, "Created >= 1",
       "attribute.start_time >= 1")
GOLDEN(runs, "run_name = 'x'",
       "attribute.run_name = x")
GOLDEN(runs, "`run name` = 'x'",
       "attribute.run_name = x")
GOLDEN(runs, "`Run Name` = 'x'",
       "attribute.run_name = x")
GOLDEN(runs, "\042run name\042 = 'x'",
       "attribute.run_name = x")
GOLDEN(runs, "run name = 'x'",
       "! Invalid clause(s) in filter string: 'run'")
GOLDEN(runs, "attributes.`run name` = 'x'",
       "attribute.run_name = x")
GOLDEN(runs, "run_id IN ('a','b')",
       "attribute.run_id IN [a|b]")
GOLDEN(runs, "run_id in (\042a\042, 'b')",
       "attribute.run_id IN [a|b]")
GOLDEN(runs, "run_id NOT IN ('a')",
       "attribute.run_id NOT IN [a]")
GOLDEN(runs, "run_id NOT in ('a')",
       "attribute.run_id NOT IN [a]")
GOLDEN(runs, "run_id not in ('a')",
       "attribute.run_id NOT IN [a]")
GOLDEN(runs, "run_id IN ()",
       "! While parsing a list in the query, expected a non-empty list of string values, but got empty list")
GOLDEN(runs, "run_id IN ('a',)",
       "attribute.run_id IN [a]")
GOLDEN(runs, "run_id IN ('a' 'b')",
       "attribute.run_id IN [ab]")
GOLDEN(runs, "run_id IN (1)",
       "! While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: (1)")
GOLDEN(runs, "run_id IN ('a', 1)",
       "! While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: ('a', 1)")
GOLDEN(runs, "run_id IN (a)",
       "! While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: (a)")
GOLDEN(runs, "run_id IN 'a'",
       "! Invalid clause(s) in filter string: 'run_id', 'IN', ''a''")
GOLDEN(runs, "run_id IN ('a')x",
       "! Invalid clause(s) in filter string: 'x'")
GOLDEN(runs, "run_id = 'A'",
       "attribute.run_id = A")
GOLDEN(runs, "run_id > 'A'",
       "! Invalid comparator '>' not one of '{'!=', '=', 'ILIKE', 'IN', 'LIKE', 'NOT IN'}'")
GOLDEN(runs, "run_id = ('a')",
       "! The comparator '=' does not go with the value ('a')")
GOLDEN(runs, "user_id = 'x'",
       "attribute.user_id = x")
GOLDEN(runs, "artifact_uri LIKE '%x'",
       "attribute.artifact_uri LIKE %x")
GOLDEN(runs, "lifecycle_stage = 'active'",
       "! Invalid attribute key 'lifecycle_stage' specified. Valid keys are '{'Created', 'Run Name', 'Run name', 'artifact_uri', 'created', 'end_time', 'run name', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'")
GOLDEN(runs, "experiment_id = '1'",
       "! Invalid attribute key 'experiment_id' specified. Valid keys are '{'Created', 'Run Name', 'Run name', 'artifact_uri', 'created', 'end_time', 'run name', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'")
GOLDEN(runs, "end_time < 5",
       "attribute.end_time < 5")
GOLDEN(runs, "foo = 'x'",
       "! Invalid attribute key 'foo' specified. Valid keys are '{'Created', 'Run Name', 'Run name', 'artifact_uri', 'created', 'end_time', 'run name', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'")
GOLDEN(runs, "foo.bar = 'x'",
       "! Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']")
GOLDEN(runs, "dataset.name = 'x'",
       "dataset.name = x")
GOLDEN(runs, "datasets.digest LIKE 'x%'",
       "dataset.digest LIKE x%")
GOLDEN(runs, "dataset.context IN ('train')",
       "dataset.context IN [train]")
GOLDEN(runs, "dataset.context NOT IN ('train', \042x\042)",
       "dataset.context NOT IN [train|x]")
GOLDEN(runs, "dataset.foo = 'x'",
       "! Invalid dataset key 'foo' specified. Valid keys are '{'context', 'digest', 'name'}'")
GOLDEN(runs, "dataset.name > 'x'",
       "! Invalid comparator '>' not one of '{'!=', '=', 'ILIKE', 'IN', 'LIKE', 'NOT IN'}")
GOLDEN(runs, "dataset.name = 1",
       "! Expected a quoted string value for dataset attributes. Got value 1")
GOLDEN(runs, "dataset.name IS NULL",
       "! IS NULL / IS NOT NULL is only supported for tags and params, not for 'dataset' 'name'")
GOLDEN(runs, "dataset = 'x'",
       "! Invalid attribute key 'dataset' specified. Valid keys are '{'Created', 'Run Name', 'Run name', 'artifact_uri', 'created', 'end_time', 'run name', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'")
GOLDEN(runs, "metric = 1",
       "! Invalid attribute key 'metric' specified. Valid keys are '{'Created', 'Run Name', 'Run name', 'artifact_uri', 'created', 'end_time', 'run name', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'")
GOLDEN(runs, "params = 'x'",
       "! Invalid attribute key 'params' specified. Valid keys are '{'Created', 'Run Name', 'Run name', 'artifact_uri', 'created', 'end_time', 'run name', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'")
GOLDEN(runs, "tags. = 'x'",
       "tag. = x")
GOLDEN(runs, "tags.`` = 'x'",
       "tag. = x")
GOLDEN(runs, "tags.\042\042 = 'x'",
       "tag. = x")
GOLDEN(runs, ".x = 'x'",
       "! Invalid clause(s) in filter string: '.'")
GOLDEN(runs, "tags.select = 'x'",
       "tag.select = x")
GOLDEN(runs, "tags.order = 'x'",
       "tag.order = x")
GOLDEN(runs, "tags.key = 'x'",
       "tag.key = x")
GOLDEN(runs, "metrics.count > 1",
       "metric.count > 1")
GOLDEN(runs, "metrics.loss > 1",
       "metric.loss > 1")
GOLDEN(runs, "params.date = 'x'",
       "parameter.date = x")
GOLDEN(runs, "params.type = 'x'",
       "parameter.type = x")
GOLDEN(runs, "params.`x` = 'a' AND params.\042y\042 = 'b'",
       "parameter.x = a AND parameter.y = b")
GOLDEN(runs, "params.x = 'a'AND params.y = 'b'",
       "parameter.x = a AND parameter.y = b")
GOLDEN(runs, "params.x='a' and metrics.y>1 and metrics.y<3",
       "parameter.x = a AND metric.y > 1 AND metric.y < 3")
GOLDEN(runs, "  params.x = 'a'  ",
       "parameter.x = a")
GOLDEN(runs, "\012 params.x\012=\011'a'\012",
       "parameter.x = a")
GOLDEN(runs, "params.x = \042it's\042",
       "parameter.x = it's")
GOLDEN(runs, "params.x = 'say \042hi\042'",
       "parameter.x = say \042hi\042")
GOLDEN(runs, "params.x = '%;%'",
       "parameter.x = %;%")
GOLDEN(runs, "params.`a``b` = 'x'",
       "parameter.a``b = x")
GOLDEN(runs, "params.\042a\042b\042 = 'x'",
       "! Invalid clause(s) in filter string: 'params.\042a\042', 'b', '\042', '=', ''x''")
GOLDEN(runs, "tag.`mlflow.runName` = 'x'",
       "tag.mlflow.runName = x")
GOLDEN(runs, "params.x ! = 'a'",
       "! Invalid clause(s) in filter string: 'params.x', '!', '=', ''a''")
GOLDEN(runs, "params.x =! 'a'",
       "! Invalid comparator '=!' not one of '{'!=', '=', 'ILIKE', 'IS NOT NULL', 'IS NULL', 'LIKE'}'")
GOLDEN(runs, "metrics.x > 1 2",
       "! Invalid clause(s) in filter string: '2'")
GOLDEN(runs, "metrics.x > 1 AND 2",
       "! Invalid clause(s) in filter string: '2'")
GOLDEN(runs, "1 = 1",
       "! Invalid comparison clause. Expected 'Identifier' found '1'")
GOLDEN(runs, "1",
       "! Invalid clause(s) in filter string: '1'")
GOLDEN(runs, "x",
       "! Invalid clause(s) in filter string: 'x'")
GOLDEN(runs, "'",
       "! Invalid clause(s) in filter string: '''")
GOLDEN(runs, "''",
       "! Invalid clause(s) in filter string: ''''")
GOLDEN(runs, "metrics.x > 1e400",
       "metric.x > inf")
GOLDEN(runs, "metrics.x > 99999999999999999999999",
       "metric.x > 9.9999999999999992e+22")
GOLDEN(runs, "start_time > 99999999999999999999999",
       "attribute.start_time > 9.9999999999999992e+22")
GOLDEN(runs, "start_time > 1e3",
       "attribute.start_time > 1000")
GOLDEN(runs, "tags.\303\251 = '\303\274'",
       "tag.\303\251 = \303\274")
GOLDEN(runs, "tags.a:b = 'x'",
       "! Invalid clause(s) in filter string: 'tags.a', ':'")
GOLDEN(runs, "tags.a@b = 'x'",
       "! Invalid comparison clause. Expected 'Identifier' found 'tags.a@b'")
GOLDEN(runs, "tags.$a = 'x'",
       "! Invalid clause(s) in filter string: 'tags.', '$'")
GOLDEN(runs, "tags._a = 'x'",
       "tag._a = x")
GOLDEN(runs, "tags.a$ = 'x'",
       "! Invalid clause(s) in filter string: 'tags.a', '$', '=', ''x''")
GOLDEN(runs, "tags.a = 'x' AND params.b = \042y\042 AND start_time >= 3 AND dataset.name='d'",
       "tag.a = x AND parameter.b = y AND attribute.start_time >= 3 AND dataset.name = d")
GOLDEN(experiments, "name = 'x'",
       "attribute.name = x")
GOLDEN(experiments, "attribute.name LIKE 'x%'",
       "attribute.name LIKE x%")
GOLDEN(experiments, "attributes.name = 'x'",
       "! Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')")
GOLDEN(experiments, "name > 'x'",
       "! Invalid comparator '>' not one of '{'!=', '=', 'ILIKE', 'IN', 'LIKE', 'NOT IN'}'")
GOLDEN(experiments, "name IN ('x')",
       "! Only ['experiment_id'] attributes support comparison with a list of quoted string values.")
GOLDEN(experiments, "name = 5",
       "! Expected a quoted string value for attributes. Got value 5")
GOLDEN(experiments, "experiment_id = '5'",
       "attribute.experiment_id = 5")
GOLDEN(experiments, "experiment_id = 5",
       "! Expected a quoted string value for attributes. Got value 5")
GOLDEN(experiments, "experiment_id = 'x'",
       "! Invalid experiment ID 'x'. Experiment ID must be a valid integer.")
GOLDEN(experiments, "experiment_id IN ('5','6')",
       "attribute.experiment_id IN [5|6]")
GOLDEN(experiments, "experiment_id NOT IN ('5')",
       "attribute.experiment_id NOT IN [5]")
GOLDEN(experiments, "experiment_id > '5'",
       "! Invalid comparator for experiment_id: >")
GOLDEN(experiments, "experiment_id LIKE '5'",
       "! Invalid comparator for experiment_id: LIKE")
GOLDEN(experiments, "creation_time > 5",
       "attribute.creation_time > 5")
GOLDEN(experiments, "creation_time > 5.5",
       "! Invalid value for numeric attribute 'creation_time': '5.5'")
GOLDEN(experiments, "creation_time > '5'",
       "! Expected numeric value type for numeric attribute: creation_time. Found '5'")
GOLDEN(experiments, "last_update_time <= 5",
       "attribute.last_update_time <= 5")
GOLDEN(experiments, "creation_time LIKE '5'",
       "! Expected numeric value type for numeric attribute: creation_time. Found '5'")
GOLDEN(experiments, "creation_time == 5",
       "! Invalid comparator '==' not one of '{'!=', '=', 'ILIKE', 'IN', 'LIKE', 'NOT IN'}")
GOLDEN(experiments, "tags.x = 'y'",
       "tag.x = y")
GOLDEN(experiments, "tag.x != 'y'",
       "tag.x != y")
GOLDEN(experiments, "tags.`a.b` LIKE 'y'",
       "tag.a.b LIKE y")
GOLDEN(experiments, "tags.x IS NULL",
       "tag.x IS NULL")
GOLDEN(experiments, "tags.x IS NOT NULL",
       "tag.x IS NOT NULL")
GOLDEN(experiments, "name IS NULL",
       "! IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'")
GOLDEN(experiments, "tags.x > 'y'",
       "! Invalid comparator for tag: >")
GOLDEN(experiments, "tags.x = y",
       "! Parameter value is either not quoted or unidentified quote types used for string value y. Use either single or double quotes.")
GOLDEN(experiments, "tags.x = 5",
       "! Expected a quoted string value for tag (e.g. 'my-value'). Got value 5")
GOLDEN(experiments, "params.x = 'y'",
       "! Invalid entity type 'params'. Valid entity types are ('attribute', 'tag', 'tags')")
GOLDEN(experiments, "foo = 'y'",
       "! Invalid attribute key 'foo' specified. Valid keys are '{'creation_time', 'experiment_id', 'last_update_time', 'name'}'")
GOLDEN(experiments, "name like 'x'",
       "attribute.name LIKE x")
GOLDEN(experiments, "name LIKE 'x' OR name LIKE 'y'",
       "! Invalid clause(s) in filter string: OR")
GOLDEN(experiments, "tags.x like 'y'",
       "tag.x LIKE y")
GOLDEN(experiments, "tags.x IN ('y')",
       "! Expected a quoted string value for tag (e.g. 'my-value'). Got value ('y')")
GOLDEN(experiments, "`name` = 'x'",
       "attribute.name = x")
GOLDEN(models, "name = 'x'",
       "attributes.name = x")
GOLDEN(models, "name = \042x\042",
       "attributes.name = x")
GOLDEN(models, "name LIKE 'x%'",
       "attributes.name LIKE x%")
GOLDEN(models, "name like 'x%'",
       "attributes.name LIKE x%")
GOLDEN(models, "name IN ('a','b')",
       "attributes.name IN [a|b]")
GOLDEN(models, "name IN ('a')",
       "attributes.name IN [a]")
GOLDEN(models, "name in ('a')",
       "attributes.name IN [a]")
GOLDEN(models, "name NOT IN ('a','b')",
       "attributes.name NOT IN [a|b]")
GOLDEN(models, "name > 'x'",
       "! Invalid comparison operator for attributes.name: '>'. Expected one of ('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN').")
GOLDEN(models, "name IS NULL",
       "! Invalid comparison: nameIS NULL. Expected a comparison with 3 tokens.")
GOLDEN(models, "model_id = 'm-123'",
       "attributes.model_id = 123")
GOLDEN(models, "model_type = 'x'",
       "attributes.model_type = x")
GOLDEN(models, "status = 'READY'",
       "attributes.status = READY")
GOLDEN(models, "status = '2'",
       "attributes.status = READY")
GOLDEN(models, "status = 2",
       "attributes.status = READY")
GOLDEN(models, "source_run_id = 'abc'",
       "attributes.source_run_id = abc")
GOLDEN(models, "experiment_id = '1'",
       "attributes.experiment_id = 1")
GOLDEN(models, "experiment_id = 1",
       "attributes.experiment_id = 1")
GOLDEN(models, "creation_timestamp > 5",
       "attributes.creation_timestamp_ms > 5")
GOLDEN(models, "creation_timestamp_ms > 5",
       "attributes.creation_timestamp_ms > 5")
GOLDEN(models, "creation_time > 5",
       "attributes.creation_timestamp_ms > 5")
GOLDEN(models, "last_updated_timestamp < 5",
       "attributes.last_updated_timestamp_ms < 5")
GOLDEN(models, "last_updated_timestamp_ms < 5",
       "attributes.last_updated_timestamp_ms < 5")
GOLDEN(models, "last_updated_time < 5",
       "! Invalid attribute key 'last_updated_time' specified. Valid keys are 'name', 'model_id', 'model_type', 'status', 'source_run_id', 'experiment_id', 'artifact_location', 'creation_timestamp', 'last_updated_timestamp'")
GOLDEN(models, "creation_timestamp > '5'",
       "! Expected a number to compare attributes.creation_timestamp_ms with. Found '5'")
GOLDEN(models, "creation_timestamp LIKE 5",
       "! Invalid comparison operator for attributes.creation_timestamp_ms: 'LIKE'. Expected one of ('<', '<=', '>', '>=', '=', '!=').")
GOLDEN(models, "artifact_location = 'x'",
       "attributes.artifact_location = x")
GOLDEN(models, "lifecycle_stage = 'active'",
       "! Invalid attribute key 'lifecycle_stage' specified. Valid keys are 'name', 'model_id', 'model_type', 'status', 'source_run_id', 'experiment_id', 'artifact_location', 'creation_timestamp', 'last_updated_timestamp'")
GOLDEN(models, "foo = 'x'",
       "! Invalid attribute key 'foo' specified. Valid keys are 'name', 'model_id', 'model_type', 'status', 'source_run_id', 'experiment_id', 'artifact_location', 'creation_timestamp', 'last_updated_timestamp'")
GOLDEN(models, "attributes.name = 'x'",
       "attributes.name = x")
GOLDEN(models, "attribute.name = 'x'",
       "! Invalid entity type: 'attribute'. Expected one of ['attributes', 'metrics', 'params', 'tags'].")
GOLDEN(models, "metrics.acc > 0.5",
       "metrics.acc > 0.5")
GOLDEN(models, "metrics.`a b` > 0.5",
       "metrics.a b > 0.5")
GOLDEN(models, "metrics.\042a b\042 > 0.5",
       "metrics.a b > 0.5")
GOLDEN(models, "metrics.acc > 'x'",
       "! Expected a number to compare metrics.acc with. Found 'x'")
GOLDEN(models, "metrics.acc > nan",
       "metrics.acc > nan")
GOLDEN(models, "metrics.acc LIKE 1",
       "! Invalid comparison operator for metrics.acc: 'LIKE'. Expected one of ('<', '<=', '>', '>=', '=', '!=').")
GOLDEN(models, "metric.acc > 1",
       "! Invalid entity type: 'metric'. Expected one of ['attributes', 'metrics', 'params', 'tags'].")
GOLDEN(models, "params.lr = '0.1'",
       "params.lr = 0.1")
GOLDEN(models, "params.lr = 0.1",
       "params.lr = 0.1")
GOLDEN(models, "params.lr > '0.1'",
       "! Invalid comparison operator for params.lr: '>'. Expected one of ('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN').")
GOLDEN(models, "params.`a.b` = 'x'",
       "params.a.b = x")
GOLDEN(models, "tags.x = 'y'",
       "tags.x = y")
GOLDEN(models, "tags.x != 'y' AND metrics.a > 1",
       "tags.x != y AND metrics.a > 1")
GOLDEN(models, "tags.x = 'y' OR metrics.a > 1",
       "! Invalid filter string: \042tags.x = 'y' OR metrics.a > 1\042. Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').")
GOLDEN(models, "tags.x = 'it''s'",
       "tags.x = it''s")
GOLDEN(models, "tags.x = ''",
       "tags.x = ")
GOLDEN(models, "tags.x",
       "! Invalid filter string: 'tags.x'. Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').")
GOLDEN(models, "tags.x = 'y';",
       "! Invalid filter string: \042tags.x = 'y';\042. Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').")
GOLDEN(models, "tags.x = 'y'; tags.z='a'",
       "! Invalid filter string: \042tags.x = 'y'; tags.z='a'\042. Expected a single SQL expression.")
GOLDEN(models, "tags.x = y",
       "tags.x = y")
GOLDEN(models, "tags.x IN ('y')",
       "tags.x IN [y]")
GOLDEN(models, "(tags.x = 'y')",
       "! Invalid filter string: \042(tags.x = 'y')\042. Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').")
GOLDEN(models, "metrics.a-b > 1",
       "metrics.a-b > 1")
GOLDEN(models, "a = 1",
       "! Invalid attribute key 'a' specified. Valid keys are 'name', 'model_id', 'model_type', 'status', 'source_run_id', 'experiment_id', 'artifact_location', 'creation_timestamp', 'last_updated_timestamp'")
GOLDEN(models, "1 = 1",
       "! Invalid attribute key '1' specified. Valid keys are 'name', 'model_id', 'model_type', 'status', 'source_run_id', 'experiment_id', 'artifact_location', 'creation_timestamp', 'last_updated_timestamp'")
GOLDEN(models, "name == 'x'",
       "! Invalid comparison operator for attributes.name: '=='. Expected one of ('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN').")
GOLDEN(order, "metrics.acc",
       "metric.acc ASC")
GOLDEN(order, "metrics.acc ASC",
       "metric.acc ASC")
GOLDEN(order, "metrics.acc desc",
       "metric.acc DESC")
GOLDEN(order, "metrics.acc DESC",
       "metric.acc DESC")
GOLDEN(order, "metrics.`a b` desc",
       "metric.a b DESC")
GOLDEN(order, "metrics.\042a b\042 desc",
       "metric.a b DESC")
GOLDEN(order, "`metrics`.acc desc",
       "metric.acc DESC")
GOLDEN(order, "metric.acc",
       "metric.acc ASC")
GOLDEN(order, "params.lr",
       "parameter.lr ASC")
GOLDEN(order, "tags.`mlflow.user` asc",
       "tag.mlflow.user ASC")
GOLDEN(order, "start_time",
       "attribute.start_time ASC")
GOLDEN(order, "attribute.start_time DESC",
       "attribute.start_time DESC")
GOLDEN(order, "attributes.end_time",
       "attribute.end_time ASC")
GOLDEN(order, "created",
       "attribute.start_time ASC")
GOLDEN(order, "Created DESC",
       "attribute.start_time DESC")
GOLDEN(order, "run_name",
       "attribute.run_name ASC")
GOLDEN(order, "run name",
       "! Invalid ordering key in order_by clause 'run name'.")
GOLDEN(order, "`run name`",
       "! Invalid attribute key 'run name' specified. Valid keys are '{'Created', 'artifact_uri', 'created', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'")
GOLDEN(order, "Run Name",
       "! Invalid ordering key in order_by clause 'Run Name'.")
GOLDEN(order, "run_id",
       "attribute.run_id ASC")
GOLDEN(order, "status",
       "attribute.status ASC")
GOLDEN(order, "user_id",
       "attribute.user_id ASC")
GOLDEN(order, "artifact_uri",
       "attribute.artifact_uri ASC")
GOLDEN(order, "lifecycle_stage",
       "! Invalid attribute key 'lifecycle_stage' specified. Valid keys are '{'Created', 'artifact_uri', 'created', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'")
GOLDEN(order, "experiment_id",
       "! Invalid attribute key 'experiment_id' specified. Valid keys are '{'Created', 'artifact_uri', 'created', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'")
GOLDEN(order, "dataset.name",
       "! Invalid identifier type 'dataset'")
GOLDEN(order, "foo",
       "! Invalid attribute key 'foo' specified. Valid keys are '{'Created', 'artifact_uri', 'created', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'")
GOLDEN(order, "foo.bar",
       "! Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']")
GOLDEN(order, "metrics.acc foo",
       "! Invalid ordering key in order_by clause 'metrics.acc foo'.")
GOLDEN(order, "metrics.acc desc asc",
       "! Invalid order_by clause 'metrics.acc desc asc'. Could not be parsed.")
GOLDEN(order, "metrics.acc, metrics.b",
       "! Invalid order_by clause 'metrics.acc, metrics.b'. Could not be parsed.")
GOLDEN(order, "",
       "! Invalid order_by clause ''. Could not be parsed.")
GOLDEN(order, " ",
       "! Invalid order_by clause ' '. Could not be parsed.")
GOLDEN(order, "metrics.a-b",
       "! Invalid order_by clause 'metrics.a-b'. Could not be parsed.")
GOLDEN(order, "metrics.a-b desc",
       "! Invalid order_by clause 'metrics.a-b desc'. Could not be parsed.")
GOLDEN(order, "metrics.a/b desc",
       "! Invalid order_by clause 'metrics.a/b desc'. Could not be parsed.")
GOLDEN(order, ";",
       "! Invalid order_by clause ';'. Could not be parsed.")
GOLDEN(order, "metrics.acc desc;",
       "! Invalid order_by clause 'metrics.acc desc;'. Could not be parsed.")
GOLDEN(order, "'metrics.acc'",
       "! Invalid order_by clause ''metrics.acc''. Could not be parsed.")
GOLDEN(order, "\042metrics.acc\042",
       "! Invalid entity type '\042metrics'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']")
GOLDEN(order, "metrics.acc NULLS LAST",
       "! Invalid order_by clause 'metrics.acc NULLS LAST'. Could not be parsed.")
GOLDEN(order, "metrics.'a'",
       "metric.a ASC")
GOLDEN(order, "metrics.a'b",
       "! Invalid order_by clause 'metrics.a'b'. Could not be parsed.")
GOLDEN(order, "metrics.1a desc",
       "metric.1a DESC")
GOLDEN(order, "params.`a``b` desc",
       "parameter.a``b DESC")
GOLDEN(order, "params.key",
       "parameter.key ASC")
GOLDEN(order, "timestamp",
       "! Invalid attribute key 'timestamp' specified. Valid keys are '{'Created', 'artifact_uri', 'created', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'")
GOLDEN(order, "timestamp desc",
       "! Invalid attribute key 'timestamp' specified. Valid keys are '{'Created', 'artifact_uri', 'created', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'")
GOLDEN(order, "tags.timestamp desc",
       "tag.timestamp DESC")
GOLDEN(experiments_order, "name",
       "attribute.name ASC")
GOLDEN(experiments_order, "experiment_id DESC",
       "attribute.experiment_id DESC")
GOLDEN(experiments_order, "creation_time",
       "attribute.creation_time ASC")
GOLDEN(experiments_order, "last_update_time asc",
       "attribute.last_update_time ASC")
GOLDEN(experiments_order, "tags.x",
       "! Invalid order_by entity: tag")
GOLDEN(experiments_order, "foo",
       "! Invalid attribute key 'foo' specified. Valid keys are '{'creation_time', 'experiment_id', 'last_update_time', 'name'}'")
GOLDEN(experiments_order, "attribute.name",
       "attribute.name ASC")
GOLDEN(experiments_order, "name foo",
       "! Invalid ordering key in order_by clause 'name foo'.")
GOLDEN(runs, "params.x = 'a' AND (metrics.b > 1)",
       "! Invalid clause(s) in filter string: '(metrics.b > 1)'")
GOLDEN(runs, "params.x in ('a')",
       "! Expected a quoted string value for parameter (e.g. 'my-value'). Got value ('a')")
GOLDEN(runs, "status like 'R%'",
       "attribute.status LIKE R%")
GOLDEN(runs, "metrics.x > -.5",
       "metric.x > -0.5")
GOLDEN(runs, "metrics.x > 1.5e+3",
       "metric.x > 1500")
GOLDEN(runs, "metrics.x > 1E5",
       "metric.x > 100000")
GOLDEN(runs, "metrics.x > 1_000",
       "! Expected numeric value type for metric. Found 1_000")
GOLDEN(runs, "run_id IN ('a\134'b', \042c\042)",
       "attribute.run_id IN [a'b|c]")
GOLDEN(runs, "run_id IN ('it''s')",
       "attribute.run_id IN [its]")
GOLDEN(runs, "run_id NOT IN ( 'a' , 'b' )",
       "attribute.run_id NOT IN [a|b]")
GOLDEN(runs, "dataset.name = ('a')",
       "! The comparator '=' does not go with the value ('a')")
GOLDEN(runs, "tags.x = ('a')",
       "! Expected a quoted string value for tag (e.g. 'my-value'). Got value ('a')")
GOLDEN(runs, "tags.x = NULL",
       "! Expected a quoted string value for tag (e.g. 'my-value'). Got value NULL")
GOLDEN(runs, "tags.x IS 'a'",
       "! Invalid clause(s) in filter string: 'tags.x', 'IS', ''a''")
GOLDEN(runs, "tags.x NOT LIKE 'a'",
       "! Invalid comparator 'NOT LIKE' not one of '{'!=', '=', 'ILIKE', 'IS NOT NULL', 'IS NULL', 'LIKE'}")
GOLDEN(runs, "tags.x = 'a' and not tags.y = 'b'",
       "! Invalid clause(s) in filter string: 'not'")
GOLDEN(runs, "params.x = 'a' XOR params.y = 'b'",
       "! Invalid clause(s) in filter string: 'XOR'")
GOLDEN(runs, "params.[x] = 'a'",
       "parameter.[x] = a")
GOLDEN(runs, "# c",
       "! Invalid clause(s) in filter string: '# c'")
GOLDEN(runs, "params.x='a' # c",
       "! Invalid clause(s) in filter string: '# c'")
GOLDEN(runs, "metrics.acc*2 > 1",
       "! Invalid comparison clause. Expected 'Identifier' found 'metrics.acc*2'")
GOLDEN(runs, "metrics.* > 1",
       "metric.* > 1")
GOLDEN(runs, "count(metrics.x) > 1",
       "! Invalid comparison clause. Expected 'Identifier' found 'count(metrics.x)'")
GOLDEN(runs, "metrics.x > metrics.y",
       "! Expected numeric value type for metric. Found metrics.y")
GOLDEN(runs, "metrics.x > (1)",
       "! Expected numeric value type for metric. Found (1)")
GOLDEN(runs, "metrics.x > 1 and",
       "metric.x > 1")
GOLDEN(runs, "params . x = 'a'",
       "! Invalid entity type 'params '. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']")
GOLDEN(runs, "params .x = 'a'",
       "! Invalid entity type 'params '. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']")
GOLDEN(runs, "`params.x` = 'a'",
       "! Invalid entity type '`params'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']")
GOLDEN(runs, "\042params.x\042 = 'a'",
       "! Invalid entity type '\042params'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']")
GOLDEN(runs, "`params`.`x` = 'a'",
       "parameter.x = a")
GOLDEN(runs, "params.`x`y = 'a'",
       "! Invalid clause(s) in filter string: 'params.`x`'")
GOLDEN(runs, "params.x = 'a' 'b'",
       "! Invalid clause(s) in filter string: ''b''")
GOLDEN(runs, "params.x = \042a\042 \042b\042",
       "! Invalid clause(s) in filter string: '\042b\042'")
GOLDEN(runs, "tags.x = 'a' AND tags.x = 'b' AND tags.x = 'c' AND tags.x = 'd' AND tags.x = 'e'",
       "tag.x = a AND tag.x = b AND tag.x = c AND tag.x = d AND tag.x = e")
GOLDEN(experiments, "experiment_id = '007'",
       "attribute.experiment_id = 7")
GOLDEN(experiments, "experiment_id IN ('01', ' 2')",
       "attribute.experiment_id IN [1|2]")
GOLDEN(experiments, "tags.x = 'a' AND name LIKE '%b%' AND creation_time >= 5",
       "tag.x = a AND attribute.name LIKE %b% AND attribute.creation_time >= 5")
GOLDEN(order, "metrics.a.b.c DESC",
       "metric.a.b.c DESC")
GOLDEN(order, "tags.`a.b c/d` ASC",
       "tag.a.b c/d ASC")
GOLDEN(models, "metrics.a.b > 1 AND params.`x y` LIKE 'z%'",
       "metrics.a.b > 1 AND params.x y LIKE z%")
GOLDEN(runs, "metrics.`it's` > 1",
       "metric.it's > 1")
GOLDEN(runs, "params.`key` != \042it's\042",
       "parameter.key != it's")
GOLDEN(runs, "",
       "")
GOLDEN(models, "",
       "")
GOLDEN(experiments, "",
       "")
GOLDEN(registered, "name = 'a'",
       "attribute.name = a")
GOLDEN(registered, "name='a' AND tags.x != 'b'",
       "attribute.name = a AND tag.x != b")
GOLDEN(registered, "name IN ('a','b')",
       "attribute.name IN [a|b]")
GOLDEN(registered, "name NOT IN ('a')",
       "attribute.name NOT IN [a]")
GOLDEN(registered, "name not in ('a')",
       "attribute.name NOT IN [a]")
GOLDEN(registered, "name ILIKE '%a_'",
       "attribute.name ILIKE %a_")
GOLDEN(registered, "attribute.name LIKE \042a%\042",
       "attribute.name LIKE a%")
GOLDEN(registered, "tags.`a b` = 'c'",
       "tag.a b = c")
GOLDEN(registered, "tag.\042a.b\042 ilike 'c'",
       "tag.a.b ILIKE c")
GOLDEN(registered, "tags.a.b = 'c'",
       "tag.a.b = c")
GOLDEN(registered, "`name` = 'a'",
       "! Invalid attribute key '`name`' specified. Valid keys are '{'name'}'")
GOLDEN(registered, "\042name\042 = 'a'",
       "! Invalid attribute key '\042name\042' specified. Valid keys are '{'name'}'")
GOLDEN(registered, "attribute.`name` = 'a'",
       "! Invalid attribute key '`name`' specified. Valid keys are '{'name'}'")
GOLDEN(registered, "attributes.name = 'a'",
       "! Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')")
GOLDEN(registered, "metrics.x > 1",
       "! Invalid entity type 'metrics'. Valid entity types are ('attribute', 'tag', 'tags')")
GOLDEN(registered, "nobody = 'a'",
       "! Invalid attribute key 'nobody' specified. Valid keys are '{'name'}'")
GOLDEN(registered, "run_id = 'a'",
       "! Invalid attribute key 'run_id' specified. Valid keys are '{'name'}'")
GOLDEN(registered, "name > 'a'",
       "! Invalid comparator for attribute: >")
GOLDEN(registered, "name == 'a'",
       "! Invalid comparator for attribute: ==")
GOLDEN(registered, "name = 1",
       "! Expected a quoted string value or a list of quoted string values for attributes. Got value 1")
GOLDEN(registered, "name = a",
       "! Parameter value is either not quoted or unidentified quote types used for string value a. Use either single or double quotes.")
GOLDEN(registered, "name IN (1)",
       "! While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: (1)")
GOLDEN(registered, "name IN ()",
       "! While parsing a list in the query, expected a non-empty list of string values, but got empty list")
GOLDEN(registered, "tags.x > 'a'",
       "! Invalid comparator for tag: >")
GOLDEN(registered, "tags.x IN ('a')",
       "! Expected a quoted string value for tag (e.g. 'my-value'). Got value ('a')")
GOLDEN(registered, "tags.x = 1",
       "! Expected a quoted string value for tag (e.g. 'my-value'). Got value 1")
GOLDEN(registered, "tags.x = a",
       "! Parameter value is either not quoted or unidentified quote types used for string value a. Use either single or double quotes.")
GOLDEN(registered, "name = ('a')",
       "! The comparator '=' does not go with the value ('a')")
GOLDEN(registered, "tags.x IS NULL",
       "! IS NULL / IS NOT NULL is not supported for models and versions: 'tags.x'")
GOLDEN(registered, "name IS NOT NULL",
       "! IS NULL / IS NOT NULL is not supported for models and versions: 'name'")
GOLDEN(registered, "name = 'a' OR name = 'b'",
       "! Invalid clause(s) in filter string: OR")
GOLDEN(registered, "name = 'a'; name = 'b'",
       "! Search filter contained multiple expression \042name = 'a'; name = 'b'\042. Provide AND-ed expression list.")
GOLDEN(registered, "(name = 'a')",
       "! Invalid clause(s) in filter string: (name = 'a')")
GOLDEN(registered, "x",
       "! Invalid clause(s) in filter string: x")
GOLDEN(registered, "= 1",
       "! Invalid clause(s) in filter string: =, 1")
GOLDEN(registered, "name > 'a' AND nobody = 'b'",
       "! Invalid attribute key 'nobody' specified. Valid keys are '{'name'}'")
GOLDEN(versions, "name = 'a' AND run_id = 'b'",
       "attribute.name = a AND attribute.run_id = b")
GOLDEN(versions, "run_id IN ('a', 'b')",
       "attribute.run_id IN [a|b]")
GOLDEN(versions, "run_id NOT IN ('a')",
       "attribute.run_id NOT IN [a]")
GOLDEN(versions, "run_id > 'a'",
       "! Invalid comparator for attribute: >")
GOLDEN(versions, "run_id = 1",
       "! Only the '{'creation_timestamp', 'last_updated_timestamp', 'version_number'}' attributes support comparison with numeric values.")
GOLDEN(versions, "source_path LIKE 'a%'",
       "attribute.source_path LIKE a%")
GOLDEN(versions, "source_path IN ('a')",
       "! Only ['name', 'run_id'] attributes support comparison with a list of quoted string values.")
GOLDEN(versions, "version_number > 1",
       "attribute.version_number > 1")
GOLDEN(versions, "version_number != -3",
       "attribute.version_number != -3")
GOLDEN(versions, "version_number = '3'",
       "attribute.version_number = 3")
GOLDEN(versions, "version_number = ' 3 '",
       "attribute.version_number = 3")
GOLDEN(versions, "version_number = 'x'",
       "! Invalid value for numeric attribute 'version_number': 'x'")
GOLDEN(versions, "version_number = 1.5",
       "! Invalid value for numeric attribute 'version_number': 1.5")
GOLDEN(versions, "version_number LIKE '1'",
       "! Invalid comparator for attribute version_number: LIKE")
GOLDEN(versions, "version_number LIKE 1",
       "! Invalid comparator for attribute version_number: LIKE")
GOLDEN(versions, "version_number IN ('1')",
       "! Only ['name', 'run_id'] attributes support comparison with a list of quoted string values.")
GOLDEN(versions, "version_number = x",
       "! Parameter value is either not quoted or unidentified quote types used for string value x. Use either single or double quotes.")
GOLDEN(versions, "creation_timestamp > 1",
       "! Invalid attribute key 'creation_timestamp' specified. Valid keys are '{'name', 'run_id', 'source_path', 'version_number'}'")
GOLDEN(versions, "attribute.version_number >= 2",
       "attribute.version_number >= 2")
GOLDEN(versions, "tags.k = 'v' AND name ILIKE 'x'",
       "tag.k = v AND attribute.name ILIKE x")
GOLDEN(versions, "tags.k < 'v'",
       "! Invalid comparator for tag: <")
GOLDEN(versions, "tags.k IN ('v')",
       "! Expected a quoted string value for tag (e.g. 'my-value'). Got value ('v')")
GOLDEN(versions, "`run_id` = 'a'",
       "! Invalid attribute key '`run_id`' specified. Valid keys are '{'name', 'run_id', 'source_path', 'version_number'}'")
GOLDEN(versions, "metrics.x > 1",
       "! Invalid entity type 'metrics'. Valid entity types are ('attribute', 'tag', 'tags')")
GOLDEN(versions, "run_id IS NULL",
       "! IS NULL / IS NOT NULL is not supported for models and versions: 'run_id'")
GOLDEN(registered_order, "name",
       "attribute.name ASC")
GOLDEN(registered_order, "name DESC",
       "attribute.name DESC")
GOLDEN(registered_order, "timestamp asc",
       "attribute.last_updated_timestamp ASC")
GOLDEN(registered_order, "last_updated_timestamp DESC",
       "attribute.last_updated_timestamp DESC")
GOLDEN(registered_order, "creation_timestamp",
       "! Invalid order by key 'creation_timestamp' specified. Valid keys are '{'name', 'timestamp'}'")
GOLDEN(registered_order, "nobody",
       "! Invalid order by key 'nobody' specified. Valid keys are '{'name', 'timestamp'}'")
GOLDEN(registered_order, "attribute.name",
       "! Invalid order by key 'attribute.name' specified. Valid keys are '{'name', 'timestamp'}'")
GOLDEN(registered_order, "`name`",
       "! Invalid order by key '`name`' specified. Valid keys are '{'name', 'timestamp'}'")
GOLDEN(registered_order, "name UP",
       "! Invalid ordering key in order_by clause 'name UP'.")
GOLDEN(registered_order, "name ASC DESC",
       "! Invalid order_by clause 'name ASC DESC'. Could not be parsed.")
GOLDEN(registered_order, "name;",
       "! Invalid order_by clause 'name;'. Could not be parsed.")
GOLDEN(versions_order, "name",
       "attribute.name ASC")
GOLDEN(versions_order, "version_number DESC",
       "attribute.version_number DESC")
GOLDEN(versions_order, "creation_timestamp",
       "attribute.creation_timestamp ASC")
GOLDEN(versions_order, "last_updated_timestamp desc",
       "attribute.last_updated_timestamp DESC")
GOLDEN(versions_order, "attribute.name",
       "attribute.name ASC")
GOLDEN(versions_order, "`name`",
       "attribute.name ASC")
GOLDEN(versions_order, "timestamp",
       "! Invalid attribute key 'timestamp' specified. Valid keys are '{'creation_timestamp', 'last_updated_timestamp', 'name', 'version_number'}'")
GOLDEN(versions_order, "nobody",
       "! Invalid attribute key 'nobody' specified. Valid keys are '{'creation_timestamp', 'last_updated_timestamp', 'name', 'version_number'}'")
GOLDEN(versions_order, "metrics.x",
       "! Invalid entity type 'metrics'. Valid entity types are ('attribute', 'tag', 'tags')")
GOLDEN(versions_order, "tags.name",
       "! Invalid attribute key 'name' specified. Valid keys are '{'creation_timestamp', 'last_updated_timestamp', 'name', 'version_number'}'")
