package config

// badRules are mistakes in report rules and in what they make of identifiers.
func badRules() []badRow {
	return []badRow{
		{"RuleUnknownProperty", "board", `[[board.rule]]
property = "tmep"`, []string{
			`gateway.toml:8: board[0].rule[0].property[0]: found "tmep", expected a property of the frame; did you mean temp?`,
		}},
		{"RuleUnknownPropertyOfMessage", "board", `[[board.rule]]
message = "status"
property = ["temp", "volt"]`, []string{
			`gateway.toml:9: board[0].rule[0].property[1]: found "volt", expected a property of the frame; frame "demo" has temp, humidity, voltage, current, speed, state, running`,
		}},
		{"RuleUnknownMessage", "board", `[[board.rule]]
message = "statsu"`, []string{
			`gateway.toml:8: board[0].rule[0].message: found "statsu", expected a message of the frame; did you mean "status"?`,
		}},
		{"RuleUnknownKey", "board", `[[board.rule]]
dead_band = 1`, []string{
			`gateway.toml:8: board[0].rule[0].dead_band: unknown key; did you mean deadband?`,
		}},
		{"RuleBoardKeyBelowRule", "board", `[[board.rule]]
property = "temp"
on_change = true
prefix = "a_"`, []string{
			`gateway.toml:10: board[0].rule[0].prefix: unknown key; prefix belongs to the board: put it above its first [[board.rule]]`,
		}},
		{"RuleKeyOfBoard", "board", `deadband = 1`, []string{
			`gateway.toml:7: board[0].deadband: unknown key; deadband belongs to a report rule: put it below [[board.rule]]`,
		}},
		{"RuleOneTable", "board", `[board.rule]
on_change = true`, []string{
			`gateway.toml:7: board[0].rule: found a table, expected an array of tables, for example [[board.rule]]; write [[board.rule]], not [board.rule]`,
		}},
		{"RuleDeadbandNegative", "board", `[[board.rule]]
property = "temp"
deadband = -0.5`, []string{
			`gateway.toml:9: board[0].rule[0].deadband: found -0.5, expected a number that is not negative, or a percentage of the value sent last, for example 0.5 or "2 %"`,
		}},
		{"RuleDeadbandText", "board", `[[board.rule]]
property = "temp"
deadband = "0.5"`, []string{
			`gateway.toml:9: board[0].rule[0].deadband: found "0.5", expected a number that is not negative, or a percentage of the value sent last, for example 0.5 or "2 %"`,
		}},
		{"RuleDeadbandPerMille", "board", `[[board.rule]]
property = "temp"
deadband = "5 ‰"`, []string{
			`gateway.toml:9: board[0].rule[0].deadband: found "5 ‰", expected a number that is not negative, or a percentage of the value sent last, for example 0.5 or "2 %"`,
		}},
		{"RuleDeadbandTrue", "board", `[[board.rule]]
property = "temp"
deadband = true`, []string{
			`gateway.toml:9: board[0].rule[0].deadband: found true, expected a number that is not negative, or a percentage of the value sent last, for example 0.5 or "2 %"`,
		}},
		{"RuleIntervalIsNumber", "board", `[[board.rule]]
min_interval = 1`, []string{
			`gateway.toml:8: board[0].rule[0].min_interval: found 1, expected a duration from 10ms to 24h, for example "1s"; a duration has a unit: write min_interval = "1s" (seconds) or "1ms" (milliseconds)`,
		}},
		{"RuleIntervalTooShort", "board", `[[board.rule]]
min_interval = "1ms"`, []string{
			`gateway.toml:8: board[0].rule[0].min_interval: found "1ms", expected a duration from 10ms to 24h, for example "1s"`,
		}},
		{"RuleAggregateUnknown", "board", `[[board.rule]]
property = "temp"
window = "1s"
aggregate = "avg"`, []string{
			`gateway.toml:10: board[0].rule[0].aggregate: found "avg", expected "mean", "min", "max" or "last"`,
		}},
		{"RuleAggregateTwice", "board", `[[board.rule]]
property = "temp"
window = "1s"
aggregate = ["min", "min"]`, []string{
			`gateway.toml:10: board[0].rule[0].aggregate: found "min" twice, expected each once`,
		}},
		{"RuleOfEmptyList", "board", `[[board.rule]]
property = []
on_change = true`, []string{
			`gateway.toml:8: board[0].rule[0].property: found an empty list, expected one name or more; for all properties leave property out`,
		}},
		{"RuleAggregateWithoutWindow", "board", `[[board.rule]]
property = "temp"
aggregate = "min"`, []string{
			`gateway.toml:9: board[0].rule[0].aggregate: found aggregate without window, expected both; write window = "10s"`,
		}},
		{"RuleWindowWithoutAggregate", "board", `[[board.rule]]
property = "temp"
window = "1s"`, []string{
			`gateway.toml:9: board[0].rule[0].window: found window without aggregate, expected both; write aggregate = "mean"`,
		}},
		{"RuleWindowAndInterval", "board", `[[board.rule]]
property = "temp"
window = "1s"
aggregate = "last"
min_interval = "1s"`, []string{
			`gateway.toml:11: board[0].rule[0].min_interval: found min_interval beside window, expected one of them; a window sends once in its length`,
		}},
		{"RuleSilenceAlone", "board", `[[board.rule]]
max_silence = "1s"`, []string{
			`gateway.toml:8: board[0].rule[0].max_silence: found max_silence without on_change or deadband, expected one of them; without it nothing is held back that long; min_interval alone sends the newest value once an interval`,
		}},
		{"RuleSilenceShorterThanInterval", "board", `[[board.rule]]
on_change = true
min_interval = "10s"
max_silence = "1s"`, []string{
			`gateway.toml:10: board[0].rule[0].max_silence: found 1s, expected at least min_interval and window: 10s`,
		}},
		{"RuleRoundTooMany", "board", `[[board.rule]]
property = "temp"
round = 10`, []string{
			`gateway.toml:9: board[0].rule[0].round: found 10, expected a number of decimals from 0 to 9, for example 1`,
		}},
		{"RuleRangeOneNumber", "board", `[[board.rule]]
property = "temp"
range = [1]`, []string{
			`gateway.toml:9: board[0].rule[0].range: found [1], expected [low, high]`,
		}},
		{"RuleRangeReversed", "board", `[[board.rule]]
property = "temp"
range = [1, 0]`, []string{
			`gateway.toml:9: board[0].rule[0].range: found [1, 0], expected [low, high]`,
		}},
		{"RuleDeadbandForABool", "board", `[[board.rule]]
deadband = 1`, []string{
			`gateway.toml:8: board[0].rule[0].deadband: found deadband for state, which is one of a map's texts, expected properties that are numbers; name the numbers in property, or put a rule for state before this one`,
		}},
		{"RuleMeanForAnEnum", "board", `[[board.rule]]
property = ["temp", "state"]
window = "1s"
aggregate = "mean"`, []string{
			`gateway.toml:10: board[0].rule[0].aggregate: found aggregate for state, which is one of a map's texts, expected properties that are numbers; name the numbers in property, or put a rule for state before this one`,
		}},
		{"RuleNothingLeft", "board", `[[board.rule]]
on_change = true
[[board.rule]]
property = "temp"
deadband = 1`, []string{
			`gateway.toml:9: board[0].rule[1]: a rule that is for no property; the first rule that names a property is its rule: put the special ones first`,
		}},
		{"HealthTooShort", "board", `health = "1ms"`, []string{
			`gateway.toml:7: board[0].health: found "1ms", expected "0s", or at least 1s`,
		}},
		{"HealthIsNumber", "board", `health = 60`, []string{
			`gateway.toml:7: board[0].health: found 60, expected a duration from 0s to 24h, for example "60s"; a duration has a unit: write health = "60s" (seconds) or "60ms" (milliseconds)`,
		}},
		{"RuleSuffixTooLong", "board", `prefix = "a123456789012345678901234567890123456789012345_"
[[board.rule]]
property = "temp"
window = "1s"
aggregate = ["min", "max"]`, []string{
			`gateway.toml:7: board[0].prefix: found "a123456789012345678901234567890123456789012345_temp_min" for the property temp, expected an identifier: 1 to 50 of A-Z a-z 0-9 _, a letter first`,
		}},
		{"RuleSuffixOntoOther", "board", `rename = { speed = "temp_min" }
[[board.rule]]
property = "temp"
window = "1s"
aggregate = ["min", "max"]`, []string{
			`gateway.toml:7: board[0].rename.speed: found "temp_min" for the properties temp and speed, expected an identifier for each`,
		}},
		{"RuleLinkOntoOther", "board", `health = "60s"
rename = { speed = "link_ok" }`, []string{
			`gateway.toml:8: board[0].rename.speed: found "link_ok" for the properties speed and link_ok, expected an identifier for each`,
		}},
		{"RuleRenameOfLinkWithoutHealth", "board", `rename = { link_ok = "alive" }`, []string{
			`gateway.toml:7: board[0].rename.link_ok: found "link_ok", expected a property of the frame; it is there with health = "60s"`,
		}},
		{"RuleTwoMessagesTwoRules", "board", `frame = "car"
[[board.rule]]
message = "b"
on_change = true
[frame.car]
sync = "AA 55"
id = { at = 2 }
data = 3
check = { kind = "sum8" }
[[frame.car.message]]
name = "a"
id = 1
fields = [ { name = "v", type = "B" } ]
[[frame.car.message]]
name = "b"
id = 2
fields = [ { name = "v", type = "B" }, { name = "w", type = "B" } ]`, []string{
			`gateway.toml:9: board[0].rule[0].message: found v of the message "b", which "a" gives too, expected one rule for v; name the property in it, without message: property = "v"`,
		}},
	}
}
