# ruff: noqa: E501  (one line of a table is one entry)
"""A second, smaller world with other departments, types, brands, units and wording: does what was tuned on the first
one hold elsewhere? The notation is that of `main_world`.
"""

from retrieval.shop.vocabulary import Tables

UNITS = """
cm range: {} cm, {}cm, {}-centimetre; {} centimetres, {} centimeter
m range: {} m, {}-metre, {} metre; {} metres, {} meter = 100 cm
kg range: {} kg, {}kg, {} kilo; {} kilos, {} kilogram
g range: {} g, {}g, {} gram; {} grams
ml range: {} ml, {}ml, {} millilitre; {} mL, {} milliliters
litre range: {} litre, {}L, {} l; {} litres, {} liter = 1000 ml
key: {} key, {}-key, {} note; {} keys, with {} keys
string: {} string, {}-string, {} course; {} strings, with {} strings
box: box of {}, {} per box, case of {}; {} in a box, {} units
kit: {} part kit, kit of {}; {} part, {} parts
amp range: {} amp, {}A; {} amps, {} ampere
lumen range: {} lumen, {} lm; {} lumens
power_of: {}x, {}x magnification; {} times, {} power
sheet range: {} sheet, {} leaf; {} sheets, {} leaves
shade: {} colour, {} shade; {} colours, in {} shades
guest range: for {} guests, serves {}; {} guests, {} people
gsm range: {} gsm, {}gsm; {} grams per square metre, {} g/m2
"""

ATTRIBUTES = """
tonewood not: spruce, sitka spruce; spruce top | mahogany, honduran mahogany; mahogony | rosewood, indian rosewood; rose wood | maple, flamed maple; acer | koa, hawaiian koa; koa wood | laminate, laminated top; plywood
pickup: electro acoustic, with pickup; plugs in, amplified | purely acoustic, pickup free; no pickup, unplugged
hand: right handed, right hand; for righties | left handed, lefty; left hand, not right handed
gauge: light gauge, soft tension; thin | medium gauge, normal tension; regular | heavy gauge, hard tension; thick
winding not: nylon, clear nylon; plastic | steel, plain steel; metal | bronze, phosphor bronze; bronze wound | gut, sheep gut; natural gut
action: weighted keys, hammer action; heavy keys | unweighted keys, synth action; light keys, not weighted
level: student, learner; for starters, first | stage, concert; for professionals | intermediate, step up; improver
reed: strength 2, grade 2; soft reed | strength 2.5, grade 2.5; medium soft | strength 3, grade 3; medium hard
paint not: acrylic, acrylic polymer; acrilic | oil, linseed oil; oils | watercolour, aquarelle; water colour, watercolor | gouache, opaque water; guache | tempera, poster; school paint
opacity: opaque, full cover; covers | transparent, glazing; see through
canvas not: cotton duck, cotton; coton | linen, belgian linen; flax | polyester, synthetic weave; poly | jute, burlap; hessian
tip: round, pointed; for detail | flat, square; wide stroke | fan, fan blend; fanned | angular, slanted; angled
hairs not: sable, kolinsky sable; real sable | hog bristle, chungking hog; pig hair | synthetic, taklon; no animal hair, vegan hair
surface: smooth, hot pressed; no texture, not rough | rough, cold pressed; textured, toothy
binding: spiral bound, wire bound; coil | glued, gummed; tear off | loose, unbound; no binding, single
vehicle not: for saloon cars, saloon; sedan | for estate cars, estate; station wagon | for vans, van; transporter | for SUVs, off roader; suv | for pickup trucks, pick up; pickups
axle: front axle, front; for the front | rear axle, rear; back axle, for the back
weather: winter, snow rated; ice | summer, warm season; not winter | all weather, four season; all year
studded: studded, with spikes; has spikes | studless, friction only; no studs, without studs
viscosity: 5W-30, 5W30; 5w 30 | 10W-40, 10W40; 10w 40 | 0W-20, 0W20; 0w 20 | 15W-50, 15W50; 15w 50
base oil: full synthetic, fully synthetic; synth | mineral, conventional; not synthetic
fuelled: petrol, for petrol engines; gasoline, benzine | diesel, for diesel engines; not petrol | hybrid, for hybrids; half electric
fitting: H4, twin filament; h 4 | H7, single filament; h 7 | W5W, capless; sidelight
spun not: merino, merino wool; real wool | cotton, mercerised cotton; coton | acrylic, acrylic yarn; no wool, synthetic yarn | alpaca, baby alpaca; lama wool | mohair, kid mohair; goat hair | bamboo, bamboo blend; plant silk
ply: lace weight, 2 ply; cobweb | double knit, DK, 8 ply; dk weight | aran, worsted, 10 ply; worsted weight | chunky, bulky, 14 ply; super thick
needle stuff not: bamboo, bamboo cane; wooden | aluminium, anodised aluminium; metal | carbon fibre, carbon; carbon fiber | rosewood, laminated wood; birch
needle: straight, single pointed; normal | circular, with cable; round, in the round | double pointed, sock; dpn
weave not: plain cotton, calico; coton | linen, pure linen; flax | satin, duchess satin; shiny | tulle, net; mesh | fleece, polar fleece; fluffy | denim, heavy denim; jeans
printed: plain, unprinted; no pattern, without pattern | floral, flower print; flowers | gingham, checked; checks | striped, stripes; stripey
thread end: self threading, easy thread; threads itself | sharp, classic eye; not self threading
sails: inflatable, blow up; air filled | rigid, hard shell; not inflatable
float not: foam, closed cell foam; solid foam | gas, CO2 cartridge; automatic inflation | cork, kapok; natural buoyancy
wearer: ladies, lady fit; for women, womens | gents, gentlemen's; for men, mens | junior, children's; for kids, child
outfit: extra small, XS; x-small | small, S; size s | medium, M; size m | large, L; size l | extra large, XL; x-large
rope not: nylon, polyamide; nylon braid | polyester, dacron; terylene | polypropylene, floating PP; floats | hemp, manila; natural fibre
wet: sealed, fog proof; stays clear, waterproof optics | unsealed, dry use; not waterproof
mounting: with tripod, tripod included; has a tripod | handheld, tripod free; no tripod, without tripod
mirror: refractor, lens type; with lenses | reflector, newtonian; mirror type | compound, maksutov; mak
lit: with lamp, LED illuminated; lights up | unlit, without lamp; no light, no lamp
eyes: monocular head, single eyepiece; one eye | binocular head, twin eyepiece; both eyes | trinocular head, with camera port; three eyepieces
balloon not: latex, natural latex; rubber | foil, mylar; silver film | paper, tissue paper; card
event not: birthday, birthday party; bday | wedding, bridal; marriage | graduation, commencement; grad | christmas, xmas; yule | baby shower, new baby; babyshower
throwaway: disposable, single use; throw away | reusable, washable; not disposable, no waste
table stuff not: paper, kraft paper; card | palm leaf, areca leaf; leaf | bamboo, bamboo fibre; bambo | plastic, polystyrene; plastik
print: metallic, shiny foil; shimmery | matt, non-shiny; not shiny, no glitter | glitter, sparkly; sparkles
guard not: leather, cowhide; real leather | nitrile, nitrile coated; rubber | kevlar, aramid; cut fibre | cotton, knitted cotton; coton
cut level: cut resistant, level D cut; stops blades | light duty, level A cut; not cut resistant
visor: with visor, face shield; has visor, face cover | open face, visorless; no visor, without visor
valve: with valve, exhale valve; valved | valveless, sealed front; no valve, without valve
filter: FFP2, N95; ffp 2 | FFP3, N99; ffp 3 | P2 gas, vapour cartridge; fumes
horse: pony, pony size; small horse | cob, cob size; medium horse | full horse, full size; warmblood, big horse
tree: treeless, flexible tree; no tree, without tree | rigid tree, with tree; wooden tree
riding: jumping, close contact; show jump | dressage, straight cut; flatwork | trail, general purpose; hacking
saddlery not: leather, bridle leather; real leather | synthetic, biothane; no leather, vegan leather | nylon, webbing; nylon strap
stuffing: fleece lined, lined; soft lining | unlined, without lining; no lining
rug weight: heavyweight, 300g fill; very warm | lightweight, no fill; without filling, unfilled | mediumweight, 150g fill; mid weight
+gigbag: with gig bag, case included; comes with case; no case, without case
+headphone: with headphone jack, silent practice; headphone output; no headphone jack
+acidfree: acid free, archival; will not yellow
+washes: washes out, child safe; washable paint; does not wash out
+lockable: lockable, with key lock; locks; no lock
+heated: heated, self heating; warms up; not heated
+magnet: magnetic, magnet backed; with magnet; no magnet
+lightup: light up, glowing; LED
+reflecting: reflective, hi vis; bright at night; not reflective
+breathable: breathable, ventilated; lets air through
+dimmer: dimmable, variable brightness; dims
+ecological: biodegradable, compostable; eco; not biodegradable
+telescopic: telescopic, extendable; extends; not telescopic
"""

MODELS = """
car: Torvane GT, Torvane GT2, Torvane Estate, Milor 200, Milor 220, Milor 220 S, Quessa Mini
organ: Klavio P45, Klavio P145, Klavio P225, Tonari 8, Tonari 88
sewer: Nadella 200, Nadella 220, Stitchon M1, Stitchon M3
"""

COLOURS = """
all: black: coal, black, coal black; inky
all: white: chalk, white, chalk white; snowy | pearl, pearl, alabaster; creamy white
all: grey: pewter, grey, pewter; metal grey | ash, ash, dove grey; pale grey
all: blue: indigo, indigo, ink blue; very dark blue | azure, azure, cornflower; clear blue | petrol blue, petrol blue, lagoon; greenish blue
all: red: vermilion, vermilion, poppy; bright red | oxblood, oxblood, claret; brownish red
all: green: moss, moss, fern; soft green | bottle, bottle green, racing green; deep green | lime, lime, chartreuse; neon green
all: brown: chestnut, chestnut, conker; reddish brown | sand, sand, fawn; pale brown
all: yellow: saffron, saffron, amber; golden yellow | primrose, primrose, straw; pale yellow
all: purple: violet, violet, iris; bluish purple | mulberry, mulberry, damson; reddish purple
all: pink: salmon pink, salmon, shell pink; pale pink | magenta, magenta, cerise; strong pink
"""

TYPES = """
[Music]
acoustic guitar, folk guitar; six string, gitar | tonewood pickup hand cm=86/96/104 +gigbag | classical guitar, ukulele | guitar strings, guitar capo, instrument stand
classical guitar, spanish guitar; nylon guitar | tonewood hand cm=75/86/96/104 level +gigbag | - | guitar strings, instrument stand
ukulele, uke; hawaiian small guitar | tonewood string=4/6/8 pickup cm=53/58/66/76 | - | -
guitar strings, string set for guitar; replacement wires for guitar | winding gauge string=6/7/12 box=1/3/10 | - | -
guitar capo, capo, clamp for guitar; fret clamp | string=6/12 colour:all | - | -
instrument stand, floor stand for instruments; holder for guitar | kit=1/3/5 colour:all +telescopic | - | -
digital piano, stage piano; electric piano | model:organ action colour:all +headphone | keyboard synthesizer | piano bench, piano dust cover
keyboard synthesizer, synth; synthesiser | key=25/37/49/61/88 action +headphone | - | instrument stand
piano bench, piano stool, seat for pianists; keyboard bench | cm=45/55/75 colour:all +lockable +telescopic | - | -
piano dust cover, dust cover for digital piano; keyboard cloth | fits:organ colour:all | - | -
clarinet, b flat clarinet; licorice stick | level hand colour:all +gigbag | saxophone | clarinet reeds
saxophone, alto saxophone; sax | level colour:all +gigbag | - | -
clarinet reeds, reeds for clarinet; cane reeds | reed box=1/5/10/25 | - | -
violin, fiddle; viola da braccio | tonewood level cm=48/53/57/60 pickup | - | violin bow, violin rosin
violin bow, bow for violin; fiddle stick | cm=60/66/69/74 level | - | violin rosin
violin rosin, rosin cake; bow resin | g=10/15/30 box=1/2/6 | - | -
drum practice pad, practice pad; rubber drum | cm=15/20/30 colour:all | - | drumsticks
drumsticks, drum sticks; beaters for drums | tonewood box=1/3/6/12 gauge | - | -

[Art supplies]
paint set, artist paint set; paints, colours | paint shade=6/12/24/36/48 ml=7/12/22/75 +washes | - | paint brush set, stretched canvas, artist easel
single paint tube, tube of artist colour; colour tube | paint ml=22/37/60/200 opacity colour:all | - | paint brush set
paint brush set, artist brushes; brush pack | hairs tip kit=3/5/10/25 | palette knife | -
palette knife, painting knife; mixing spatula | tip cm=5/8/12 kit=1/3/5 | - | -
stretched canvas, blank canvas; painting board | canvas cm=20/30/40/60/100 box=1/2/5/10 +acidfree | watercolour pad | artist easel
watercolour pad, aquarelle block; painting paper | surface gsm=190/300/425/640 sheet=10/12/20 binding | sketch pad | -
sketch pad, drawing pad; sketchbook | surface gsm=90/120/160/200 sheet=20/50/100 binding +acidfree | - | drawing charcoal
drawing charcoal, charcoal sticks; burnt willow | gauge box=3/10/25/50 | soft pastels | fixative spray
soft pastels, chalk pastels; pastel crayons | shade=12/24/48/72 opacity | - | fixative spray
fixative spray, fixing spray for pastels; workable fixer | ml=150/400/520 print +acidfree | - | -
artist easel, studio easel; painter stand | cm=60/140/180/230 colour:all +telescopic +lockable | - | -

[Motoring]
car battery, starter battery; accumulator | amp=44/60/74/95 fuelled vehicle | - | battery jump leads, battery charger unit
battery jump leads, jump cables, leads for flat car battery; jumper wires | m=2/3/4/6 amp=200/400/700 | - | -
battery charger unit, charger for car battery; trickle charger | amp=2/4/8/15 | - | -
car tyre, tyre; tire, pneumatic | cm=38/41/43/46 weather studded vehicle | - | snow chains, tyre inflator
snow chains, chains for car tyre; ice grips for wheels | cm=38/41/43/46 box=1/2 | - | -
tyre inflator, pump for tyres; air compressor for wheels | amp=8/12/15 +lightup | - | -
engine oil, motor oil; lubricant for engine | viscosity base_oil litre=1/4/5/20 fuelled | - | oil filter unit
oil filter unit, filter for engine oil; oil strainer | fits:car box=1/3/5 | - | -
brake pads, disc pads; brake blocks | fits:car axle kit=2/4/8 | brake discs | -
brake discs, rotors; brake plates | fits:car axle kit=1/2/4 | - | -
seat cover for cars, car seat protector; auto upholstery | fits:car colour:all +heated +breathable | - | boot liner
boot liner, boot tray, tray for estate and hatch; trunk mat | fits:car colour:all | - | -
headlight bulb, headlamp bulb; car globe | fitting lumen=800/1500/3000/6000 box=1/2/10 | - | -
windscreen washer fluid, screen wash; window liquid | litre=1/2.5/5/20 weather +ecological | - | wiper blades
wiper blades, windscreen wipers; rain wipers | cm=35/45/55/65 axle kit=1/2 +heated | - | -

[Needlecraft]
knitting yarn, yarn ball; thread for knitting | spun ply g=25/50/100/400 colour:all box=1/5/10 | - | knitting needles, crochet hook
knitting needles, needles for yarn; knitting sticks | needle needle_stuff cm=15/20/30/40 kit=1/5/12 | crochet hook | -
crochet hook, hook for yarn; crocheting needle | needle_stuff kit=1/6/12 colour:all +lightup | - | -
sewing machine, stitching machine; electric sewer | model:sewer colour:all +lightup | overlocker | sewing thread, bobbin pack
overlocker, serger; edge stitcher | string=2/3/4/5 colour:all +lightup | - | sewing thread
sewing thread, spool of thread; thread reel | winding m=100/250/500/1000 colour:all box=1/3/12 | - | -
bobbin pack, bobbins for sewing machine; spools | fits:sewer box=5/10/25/50 | - | -
dress fabric, fabric by the metre; cloth, textile | weave printed m=1/2/3/5 gsm=80/120/200/300 colour:all | - | sewing thread, fabric shears
fabric shears, dressmaking scissors; cloth cutter | cm=18/21/25/30 hand | - | -
hand sewing needles, needle assortment; sewing pins with eye | thread_end box=6/16/30/50 | - | sewing thread

[Boating]
kayak, sit in kayak; canoe | sails guest=1/2/3 cm=240/305/365/430 colour:all | paddle board | kayak paddle, buoyancy aid
paddle board, stand up paddle board; sup | sails cm=290/305/320/350 colour:all | - | buoyancy aid
kayak paddle, double blade paddle; oar for kayak | cm=200/220/230/250 needle_stuff colour:all +telescopic | - | -
buoyancy aid, life jacket; life vest, floating vest | float wearer outfit colour:all +reflecting | - | -
mooring rope, dock line; boat cord | rope m=5/10/20/50 colour:all +reflecting | - | boat fender
boat fender, bumper for boat; hull protector | cm=40/60/80 sails colour:all | - | -
dry bag, waterproof sack; roll top sack | litre=5/10/20/40 colour:all +reflecting | - | -

[Optics]
binoculars, field glasses; twin scope | power_of=8/10/12/20 wet mounting colour:all | monocular | binocular harness
monocular, pocket scope; mini telescope | power_of=6/8/10/12 wet | spotting scope | -
spotting scope, bird scope; long scope | power_of=20/40/60 wet mounting | - | -
binocular harness, harness for binoculars; chest strap for binos | wearer saddlery colour:all | - | -
telescope, astronomy telescope; star scope | mirror power_of=50/100/150/300 mounting | - | eyepiece
eyepiece, eyepiece for telescope; ocular | power_of=10/20/40 wet | - | -
microscope, compound microscope; lab scope | eyes power_of=400/1000/1600/2500 lit | - | microscope slides
microscope slides, glass slides for microscope; specimen plates | box=10/25/50/100 | - | -
magnifying glass, hand magnifier; loupe, reading glass | power_of=2/3/5/10 lit colour:all | - | -

[Party]
balloons, party balloons; air balloons | balloon event print box=10/25/50/100 colour:all | paper lanterns | balloon pump
balloon pump, inflator for balloons; air blower for party | kit=1/2/3 colour:all | - | -
paper lanterns, hanging lanterns; lampions | cm=15/20/30/40 event box=3/6/12 colour:all +lightup | - | -
party plates, party tableware plates; buffet plates | table_stuff throwaway guest=8/16/50/100 event colour:all +ecological | party cups | party napkins
party cups, party beakers; drinking beakers | table_stuff throwaway guest=8/16/50/100 ml=200/300/400 +ecological | - | party napkins
party napkins, serviettes; paper wipes for table | print event box=16/20/50/100 colour:all +ecological | - | -
banner, bunting banner; garland | event m=2/3/5/10 print colour:all | - | -
invitation cards, invites; invitation letters | event print box=8/10/25/50 colour:all | - | envelopes
envelopes, envelopes for invitation cards; letter covers | gsm=80/100/120 box=10/25/50/500 colour:all +acidfree | - | -

[Safety]
hard hat, safety helmet; builder helmet | visor colour:all +breathable +reflecting | - | ear defenders, hard hat liner
hard hat liner, liner for hard hat; helmet cap | weave colour:all +breathable | - | -
ear defenders, ear muffs; hearing protection | box=1/5/10 colour:all | ear plugs | -
ear plugs, foam plugs; ear stoppers | box=5/20/50/200 throwaway colour:all | - | -
dust mask, respirator mask; breathing mask | filter valve throwaway box=1/5/10/20 | - | -
protective gloves, safety gloves; hand protectors | guard outfit cut_level box=1/6/12 colour:all | - | -
hi vis vest, safety waistcoat; warning jacket | outfit wearer colour:all +breathable | - | -
safety boots, toe cap boots; protective shoes | wearer colour:all +breathable | - | -
fire extinguisher, extinguisher; fire bottle | kg=1/2/6/9 | fire blanket | extinguisher bracket
extinguisher bracket, bracket for fire extinguisher; wall hook for extinguishers | kg=1/2/6/9 +lockable | - | -
fire blanket, flame blanket; smothering cloth | m=1/1.2/1.8 box=1/2/5 | - | -

[Equestrian]
riding saddle, horse saddle; english saddle | saddlery tree riding cm=41/43/44/46 colour:all | - | saddle pad, girth
saddle pad, numnah, cloth for riding saddle; saddle blanket | riding stuffing horse colour:all | - | -
girth, cinch, girth for saddle; saddle belt | saddlery cm=100/115/125/135 stuffing | - | -
bridle, headstall; horse head straps | saddlery horse riding colour:all | head collar | reins
head collar, halter; horse collar | saddlery horse stuffing colour:all | - | lead rope
lead rope, rope for head collar; horse leash | rope m=2/2.5/3 colour:all | - | -
reins, reins for bridle; steering straps | saddlery cm=120/140/150 colour:all | - | -
turnout rug, horse rug; horse coat | rug_weight horse cm=115/125/135/145 colour:all +reflecting +breathable | stable rug | -
stable rug, indoor horse rug; night blanket for horses | rug_weight horse cm=115/125/135/145 colour:all +breathable | - | -
riding helmet, riding hat; jockey skull | wearer outfit colour:all +breathable +reflecting | - | -
riding boots, jodhpur boots; horse riding shoes | wearer saddlery colour:all +breathable | - | -
hoof pick, hoof cleaner; pick for hooves | kit=1/2/6 colour:all +magnet | - | -
"""

BROADER = """
fretted instrument, plucked instrument: acoustic guitar, classical guitar, ukulele
woodwind: clarinet, saxophone
keys, keyboard instrument: digital piano, keyboard synthesizer
art paper, paper for painters: watercolour pad, sketch pad
dry media: drawing charcoal, soft pastels
car brakes: brake pads, brake discs
yarn tools: knitting needles, crochet hook
boats: kayak, paddle board
far sight glass: binoculars, monocular, spotting scope, telescope
party tableware: party plates, party cups
party decoration: balloons, paper lanterns, banner
protective headgear: hard hat, riding helmet
protective footwear: safety boots, riding boots
horse blankets: turnout rug, stable rug
"""

BRANDS = """
Music: Cremonelli, Orfeon | Fretwood, Resona, Cadenza | Strumzo, Notix
Art supplies: Maison Pigment, Rembrova | Studio Nine, Hueline, Artisan Row | Doodlo, Brushy
Motoring: Autoklass, Veloce Parts | Roadwell, Motorkin, Drivemark | Karzo, Vrummix
Needlecraft: Filanda, Perlana | Woolmere, Thimble Lane, Stitchery | Knitto, Sewzy
Boating: Nautigal, Blauwasser | Tidemark, Harbourline, Seaboard | Floato, Wavix
Optics: Zeitner, Observa | Clearfield, Starview, Lensworth | Spotto, Zoomix
Party: Festiva, Belle Soiree | Confetti Lane, Merrymaid, Gala Row | Partyzo, Hoorax
Safety: Protektor, Aegisa | Guardwell, Siteman, Hardline | Safezo, Blokko
Equestrian: Cavallerie, Hofreiter | Paddock Lane, Gallopwell, Bridlemark | Trotto, Ponix
"""

MARKETING = """
quality | finest | brand new | tough | improved | ideal present | bestselling | superior | all purpose | recommended |
workshop grade | bargain | special edition | latest version | club favourite | no fuss
"""

DETAILS = """
Dispatched from our own warehouse. | Two year guarantee. | Made for regular use. | Wipe down with a damp cloth. |
Chosen by clubs and schools. | Independent maker since 1952. | Send it back within a fortnight. | Checked by hand. |
Comes with a leaflet. | Spare parts can be ordered. | Packed without plastic. | Advice by telephone on weekdays.
"""

FILLERS = """
quality | decent | where to get | second to none | top | inexpensive | uk | quick delivery | present
"""

NEGATIONS = """
not {} | non {} | no {} please | avoid {} | definitely not {} | rather than {} | never {} | minus {}
"""

RANGES = """
at most: no more than {} | maximum {} | {} at most | {} tops
at least: minimum {} | no less than {} | {} upwards | {} at least
below: beneath {} | lower than {} | shorter or lighter than {} | below {}
above: beyond {} | higher than {} | exceeding {} | above {}
"""

TITLE_PATTERNS = """
{noun}: {front}, {back} ({brand})
{brand} - {noun} - {front} - {back}
{noun} {front} {back}, {brand}
{front} {noun} from {brand}, {back}
{brand} {model} {noun}; {front}; {back}
{marketing} {noun}, {front}, {back}
{noun} for {use}, {front}, {back}
{front}, {back}: {noun} {model}
{brand} {front} {noun} {back}, {marketing}
"""

QUERY_PATTERNS = """
{noun} {front} {back}
{noun} {back} {front}
{front} {noun} {back}
{front} {noun} {back}
{filler} {noun} {front} {back}
{front} {back} {noun} {filler}
"""

SECOND = Tables(
    name="second",
    units=UNITS,
    attributes=ATTRIBUTES,
    models=MODELS,
    colours=COLOURS,
    types=TYPES,
    broader=BROADER,
    brands=BRANDS,
    marketing=MARKETING,
    details=DETAILS,
    fillers=FILLERS,
    negations=NEGATIONS,
    ranges=RANGES,
    title_patterns=TITLE_PATTERNS,
    query_patterns=QUERY_PATTERNS,
)
