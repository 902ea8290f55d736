# power.sh: run as uid 1000 in the machine of tests/vm/power, whose data root is on a disk that is recorded. What
# the engine answered is recorded on the same disk, behind its file system, 4 KB a line, around the page cache:
#   have KIND NAME [VALUE]   it is there from now on
#   may KIND NAME            from now on it may be gone
#   gone KIND NAME           it does not come back
. /tools
cd
cp /etc/record-block /tmp/record-block

record() {
	block=$(cat /tmp/record-block)
	printf '%-4095s\n' "$*" | dd of=/dev/vdb bs=4096 seek="$block" oflag=direct conv=notrunc 2>/tmp/dd || cat /tmp/dd
	echo $((block + 1)) >/tmp/record-block
}
image() { record "have image $1 $(id_of "$1")"; } # image NAME

# files NAME [KB]: a directory with files of random bytes and their sums
files() {
	mkdir -p "$1/$1.d"
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		dd if=/dev/urandom of="$1/$1.d/$i" bs=1024 count=$((i * ${2:-1})) 2>/dev/null
	done
	(cd "$1" && sha256sum "$1.d"/* >"$1.sums")
}
sum() { sha256sum | cut -d' ' -f1; }
config() { # config SUM...: the configuration of an image of these layers
	echo '{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sh"],"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:'"$(echo "$@" | sed 's/ /","sha256:/g')"'"]}}'
}

prepare() {
	cd /tmp
	files base && files upper && files pulled 20
	(cd base && tar xf /home/user/small.tar && tar cf ../base.tar .)
	(cd upper && tar cf ../upper.tar .)
	(cd pulled && tar cf ../pulled.tar .)
	gzip -c pulled.tar >pulled.gz && gzip -c base.tar >base.gz
	config "$(sum <base.tar)" "$(sum <upper.tar)" >loaded.json
	echo '[{"Config":"loaded.json","RepoTags":["loaded:1"],"Layers":["base.tar","upper.tar"]}]' >manifest.json
	tar cf loaded.tar manifest.json loaded.json base.tar upper.tar
	config "$(sum <base.tar)" "$(sum <pulled.tar)" >pulled.json
	top=/tmp/www/v2
	mkdir -p $top/x/manifests $top/x/blobs
	echo '{}' >$top/index.html
	for f in base.gz pulled.gz pulled.json; do cp $f "$top/x/blobs/sha256:$(sum <$f)"; done
	blob() { echo '{"mediaType":"application/vnd.docker.'"$2"'","size":'"$(stat -c %s "$1")"',"digest":"sha256:'"$(sum <"$1")"'"}'; }
	layer=image.rootfs.diff.tar.gzip
	echo '{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":'"$(blob pulled.json container.image.v1+json)"',"layers":['"$(blob base.gz $layer),$(blob pulled.gz $layer)"']}' >$top/x/manifests/1.m
	echo '.m:application/vnd.docker.distribution.manifest.v2+json' >/tmp/httpd.conf
	httpd -p 127.0.0.1:5000 -h /tmp/www -c /tmp/httpd.conf
	cd
}

engine_starts() { starts; }
images_come() {
	docker import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin' /tmp/base.tar small >/dev/null
	image small:latest
	docker load -i /tmp/loaded.tar
	image loaded:1
	docker tag small kept:1
	image kept:1
	docker pull -q 127.0.0.1:5000/x:1.m
	image 127.0.0.1:5000/x:1.m
}
containers_come() {
	docker volume create --label sort=first vol
	record "have volume vol first"
	docker network create net
	record "have network net $(docker network inspect -f '{{.Id}}' net)"
	docker create --name early small sh -c 'cat /base.sums >/made; echo ran'
	record "have container early $(id_of early)"
	docker create --name writer -v vol:/data loaded:1 sh -c 'cat /upper.sums >/made; cat /made >/data/file; echo ran'
	record "have container writer $(id_of writer)"
	docker start -a writer
	docker commit writer made:1
	image made:1
	record "may container early"
	docker rename early late
	record "have container late $(id_of late)"
	record "gone container early"
	docker run -d --name runs --restart always small sleep 1000
	record "have container runs $(id_of runs)"
	record "have running runs true"
}
things_go() {
	record "may container writer"
	docker rm writer
	record "gone container writer"
	record "may image made:1"
	docker rmi made:1
	record "gone image made:1"
	record "may image loaded:1"
	docker rmi loaded:1
	record "gone image loaded:1"
	record "may volume vol"
	docker volume rm vol
	record "gone volume vol"
	record "may network net"
	docker network rm net
	record "gone network net"
	record "may image 127.0.0.1:5000/x:1.m"
	docker rmi 127.0.0.1:5000/x:1.m
	record "gone image 127.0.0.1:5000/x:1.m"
	docker volume create --label sort=second again
	record "have volume again second"
	docker load -i /tmp/loaded.tar
	image loaded:1
	record "may container late"
	docker rm late
	record "gone container late"
	docker create --name last loaded:1 sh -c 'echo ran'
	record "have container last $(id_of last)"
}
prepare
tap engine_starts "power: the engine starts on the recorded disk"
tap images_come "power: images come"
tap containers_come "power: containers, a volume, a network come"
tap things_go "power: they go, others come"
