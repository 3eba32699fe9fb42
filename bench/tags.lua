-- For wrk: manifests of bench/many asked for evenly, by tags t0000001 to the number in BENCH_TAGS (bench/seed.py).
local tags = tonumber(os.getenv("BENCH_TAGS"))
local threads = 0

-- Each thread draws numbers of its own.
function setup(thread)
	threads = threads + 1
	thread:set("seed", os.time() * 16 + threads)
end

function init()
	math.randomseed(seed)
end

function request()
	return wrk.format("GET", string.format("/v2/bench/many/manifests/t%07d", math.random(tags)))
end
